"""Expression of genes under many conditions: promoters once, the matrix once, regulators as rows of the same matrix."""

from cislearn.data.expression.prepare import prepare_expression
from cislearn.data.expression.regulators import Regulators, regulators_of

__all__ = ["Regulators", "prepare_expression", "regulators_of"]
