"""The small CNN of a textbook: both published networks beside a string search, under both losses and both scorings."""

from cislearn.studies.small_cnn.carry_out import run_small_cnn

__all__ = ["run_small_cnn"]
