"""The typed configuration of an experiment, what carries it out, and what it leaves."""
