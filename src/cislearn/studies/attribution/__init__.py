"""Attributions and filters against motifs that were planted: who finds them, in which network, by which method."""

from cislearn.studies.attribution.study import Attribution

__all__ = ["Attribution"]
