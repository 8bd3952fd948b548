"""DeepREG: what a model of promoter and regulators has to beat, under every split, beside what was published."""

from cislearn.studies.deepreg.carry_out import run_deepreg

__all__ = ["run_deepreg"]
