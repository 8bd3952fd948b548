"""gkm-SVM: gapped-k-mer kernels of sequences, and support vector machines on them."""

from cislearn.baselines.gkm.kernel import GkmKernel, expected_cost, gram_matrix, squared_norms
from cislearn.baselines.gkm.svm import GkmSVM, Machine, fit_machine, normalised

__all__ = [
    "GkmKernel",
    "GkmSVM",
    "Machine",
    "expected_cost",
    "fit_machine",
    "gram_matrix",
    "normalised",
    "squared_norms",
]
