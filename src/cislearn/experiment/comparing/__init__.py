"""Finished runs beside each other: on the loci that they share, paired, and on which terms."""

from __future__ import annotations

from cislearn.experiment.comparing.compare import Comparison, compare_runs

__all__ = ["Comparison", "compare_runs"]
