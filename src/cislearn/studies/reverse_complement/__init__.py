"""Strategies for the second strand, task by task."""

from cislearn.studies.reverse_complement.study import ReverseComplement

__all__ = ["ReverseComplement"]
