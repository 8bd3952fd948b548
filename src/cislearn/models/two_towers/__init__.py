"""Two towers, one of promoters and one of regulators, and what joins them: DeepREG's networks and ours."""

from cislearn.models.two_towers.design import DESIGNS, Design, design_of
from cislearn.models.two_towers.network import TwoTowers

__all__ = ["DESIGNS", "Design", "TwoTowers", "design_of"]
