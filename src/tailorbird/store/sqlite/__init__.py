"""The store on SQLite: one file, one serving process, nothing to install."""
