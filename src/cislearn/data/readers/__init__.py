"""Files to entries, one file a format; what a file is shows in its content, not in its name."""

from cislearn.data.readers.recognise import Format, read_examples, recognise
from cislearn.data.readers.table import read_table

__all__ = ["Format", "read_examples", "read_table", "recognise"]
