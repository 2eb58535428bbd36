"""Settings as one frozen struct; read by the command line, passed down as values."""
