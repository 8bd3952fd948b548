"""Simulated windows: binding in cell types that differ, densities of motifs, regions open in many cell types."""

from __future__ import annotations

from cislearn.data.simulate.cells import CELLS
from cislearn.data.simulate.density import simulate_density
from cislearn.data.simulate.families import FAMILIES
from cislearn.data.simulate.lineages import simulate_lineages
from cislearn.data.simulate.simulated import Simulated, simulate, write_simulated

__all__ = ["CELLS", "FAMILIES", "Simulated", "simulate", "simulate_density", "simulate_lineages", "write_simulated"]
