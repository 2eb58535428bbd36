"""The use cases, one file each: they gather what the pure rooms need, and put their answers to work."""
