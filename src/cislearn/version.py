"""The version, which is the release's."""

__version__ = "0.1.0"
