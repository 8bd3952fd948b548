"""Learn what regulatory DNA does from sequence when labels are scarce.

The names below are imported when they are first used, so that ``import cislearn`` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cislearn.version import __version__

if TYPE_CHECKING:
    from cislearn.api import attribute, compare, train
    from cislearn.baselines.gkm import GkmKernel, GkmSVM
    from cislearn.data.basset_hdf5 import prepare_hdf5
    from cislearn.data.compendium import prepare_compendium
    from cislearn.data.dataset import Dataset, read_dataset, write_dataset
    from cislearn.data.prepare import prepare
    from cislearn.data.simulate import simulate, write_simulated
    from cislearn.experiment.execute import Experiment
    from cislearn.experiment.features import lay_out_features
    from cislearn.experiment.motifs import find_attributed_motifs, find_motifs
    from cislearn.kmers.learning import train_kmer_embedding
    from cislearn.models.strands import both_strands
    from cislearn.prediction.loading import load_model
    from cislearn.prediction.mutagenesis import saturation_mutagenesis
    from cislearn.variants.saturation import saturate_region
    from cislearn.variants.score import score_variants

_HOMES = {
    "attribute": "cislearn.api",
    "train": "cislearn.api",
    "compare": "cislearn.api",
    "Dataset": "cislearn.data.dataset",
    "read_dataset": "cislearn.data.dataset",
    "write_dataset": "cislearn.data.dataset",
    "prepare": "cislearn.data.prepare",
    "prepare_compendium": "cislearn.data.compendium",
    "prepare_hdf5": "cislearn.data.basset_hdf5",
    "simulate": "cislearn.data.simulate",
    "write_simulated": "cislearn.data.simulate",
    "Experiment": "cislearn.experiment.execute",
    "lay_out_features": "cislearn.experiment.features",
    "find_motifs": "cislearn.experiment.motifs",
    "find_attributed_motifs": "cislearn.experiment.motifs",
    "both_strands": "cislearn.models.strands",
    "load_model": "cislearn.prediction.loading",
    "saturation_mutagenesis": "cislearn.prediction.mutagenesis",
    "saturate_region": "cislearn.variants.saturation",
    "score_variants": "cislearn.variants.score",
    "train_kmer_embedding": "cislearn.kmers.learning",
    "GkmKernel": "cislearn.baselines.gkm",
    "GkmSVM": "cislearn.baselines.gkm",
}

__all__ = [
    "Dataset",
    "Experiment",
    "GkmKernel",
    "GkmSVM",
    "__version__",
    "attribute",
    "both_strands",
    "compare",
    "find_attributed_motifs",
    "find_motifs",
    "lay_out_features",
    "load_model",
    "prepare",
    "prepare_compendium",
    "prepare_hdf5",
    "read_dataset",
    "saturate_region",
    "saturation_mutagenesis",
    "score_variants",
    "simulate",
    "train",
    "train_kmer_embedding",
    "write_dataset",
    "write_simulated",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cislearn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
