"""What a model of expression has to beat: means, completion of the matrix, regulators alone, promoters alone."""

from cislearn.baselines.expression.fit import Completion, Inputs, Prediction, predict_fold
from cislearn.baselines.expression.low_rank import LowRank
from cislearn.baselines.expression.means import Additive, ConditionMean, Constant, GeneMean
from cislearn.baselines.expression.promoter_ridge import PromoterRidge
from cislearn.baselines.expression.regulator_ridge import RegulatorRidge
from cislearn.baselines.expression.two_steps import TwoSteps

__all__ = [
    "Additive",
    "Completion",
    "ConditionMean",
    "Constant",
    "GeneMean",
    "Inputs",
    "LowRank",
    "Prediction",
    "PromoterRidge",
    "RegulatorRidge",
    "TwoSteps",
    "predict_fold",
]
