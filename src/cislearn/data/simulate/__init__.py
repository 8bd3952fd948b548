"""Simulated windows: binding in several cell types with known differences, and the density of motifs."""

from __future__ import annotations

from cislearn.data.simulate.cells import CELLS
from cislearn.data.simulate.density import simulate_density
from cislearn.data.simulate.families import FAMILIES
from cislearn.data.simulate.simulated import Simulated, simulate, write_simulated

__all__ = ["CELLS", "FAMILIES", "Simulated", "simulate", "simulate_density", "write_simulated"]
