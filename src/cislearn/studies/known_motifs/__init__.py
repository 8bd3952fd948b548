"""Motifs that networks found in real windows, against those of the factor that they were trained on."""

from cislearn.studies.known_motifs.study import KnownMotifs

__all__ = ["KnownMotifs"]
