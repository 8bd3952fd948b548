"""Training of two towers, on blocks of genes x conditions or on pairs as published."""

from cislearn.training.two_towers.fit import DivergedError, Fitted, fit_towers
from cislearn.training.two_towers.plan import RECIPES, Plan

__all__ = ["RECIPES", "DivergedError", "Fitted", "Plan", "fit_towers"]
