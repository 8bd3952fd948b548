"""Simulated binding in several cell types: a known grammar, and known differences of what surrounds it."""

from __future__ import annotations

from cislearn.data.simulate.cells import CELLS
from cislearn.data.simulate.families import FAMILIES
from cislearn.data.simulate.simulated import Simulated, simulate, write_simulated

__all__ = ["CELLS", "FAMILIES", "Simulated", "simulate", "write_simulated"]
