"""Other projects' part in the benchmarks, each run by the interpreter of an environment of its own; see README.md."""
