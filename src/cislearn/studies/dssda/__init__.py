"""Few labels: what the windows without labels buy."""

from cislearn.studies.dssda.study import Dssda

__all__ = ["Dssda"]
