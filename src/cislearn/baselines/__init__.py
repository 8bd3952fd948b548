"""Simple models that a result must beat: fitted on the sources' training windows, scored like any network."""

from cislearn.baselines.baseline import BASELINES, Baseline, baseline
from cislearn.baselines.composition import DinucleotideLogistic, GCContent
from cislearn.baselines.gapped_kmers import GappedKmerSVM
from cislearn.baselines.kmers import KmerLogistic
from cislearn.baselines.motifs import BestMotif, BestMotifPair
from cislearn.baselines.origin import ChromosomeOfOrigin
from cislearn.baselines.windows import Windows

_PLAINEST_FIRST = (ChromosomeOfOrigin, GCContent, DinucleotideLogistic, KmerLogistic, BestMotif, BestMotifPair)

BATTERY = tuple(kind.name for kind in _PLAINEST_FIRST)
"""The simple models that stand beside every result, the plainest first; a gkm-SVM takes too long for that."""

__all__ = [
    "BASELINES",
    "BATTERY",
    "Baseline",
    "BestMotif",
    "BestMotifPair",
    "ChromosomeOfOrigin",
    "DinucleotideLogistic",
    "GCContent",
    "GappedKmerSVM",
    "KmerLogistic",
    "Windows",
    "baseline",
]
