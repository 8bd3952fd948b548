"""Learn what regulatory DNA does from sequence when labels are scarce."""

from importlib.metadata import version as _version

__version__ = _version("cislearn")
