"""The version of the package, which the files that it writes state."""

__version__ = "0.1.0"
