"""One dataset of many cell types: their regions merged, and each window labelled for each of them."""

from cislearn.data.compendium.prepare import prepare_compendium

__all__ = ["prepare_compendium"]
