"""Settings as one frozen struct; read by the command line, passed down as values."""

from tailorbird.settings.reading import PREFIX, read, variable
from tailorbird.settings.settings import Settings

__all__ = ["PREFIX", "Settings", "read", "variable"]
