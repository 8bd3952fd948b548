"""Models on disk: weights as safetensors, the rest as JSON. Loads without Lightning, pickles or a network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from cislearn.atomic import file_written_whole, write_json
from cislearn.errors import UserError
from cislearn.models.files import WEIGHTS, WHOLE
from cislearn.models.kmer_counts import KmerCounts
from cislearn.models.layers import is_equivariant
from cislearn.models.network import Network, build_network
from cislearn.models.strands import BothStrands, reading_of, refuse_rna
from cislearn.schema import DataSpec, StrandReading
from cislearn.version import __version__

FORMAT = 1


@dataclass(frozen=True)
class ModelCard:
    """All that it takes to build a network again and to use it as it was meant.

    Parameters
    ----------
    encoder : str
        A registered name, or the address of the user's own class.
    options : dict
        The encoder's options.
    spec : DataSpec
        Tasks, domains, window length.
    predict : StrandReading
        What predictions make of the two strands.
    search : list of str
        Folders in which the user's own class was found.
    extra : dict
        What a run adds: thresholds, temperatures, the dataset's hash.
    kmers : dict
        The words that it reads in the place of bases; empty where it reads bases.
    counted : int
        Bases of the words whose counts stand beside the network (`KmerCounts`); 0 where none do.
    """

    encoder: str
    spec: DataSpec
    options: dict[str, Any] = field(default_factory=dict)
    predict: StrandReading = "average"
    search: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    kmers: dict[str, Any] = field(default_factory=dict)
    counted: int = 0

    @property
    def is_equivariant(self) -> bool:
        """Whether the network is made so that it says the same of both strands."""
        return is_equivariant(self.options)

    def with_extra(self, **extra: Any) -> ModelCard:
        """Return the card with what a run adds."""
        return replace(self, extra=self.extra | extra)

    def temperature(self, task: str) -> float:
        """What the logits of a task are divided by to be calibrated; 1, as they are, in models of earlier versions."""
        return float(self.extra.get("temperatures", {}).get(task, 1.0))

    def build(self) -> Network:
        """Return the network with fresh weights."""
        search = [Path(folder) for folder in self.search]
        return build_network(self.encoder, self.spec, self.options, kmers=self.kmers, search=search)


def save_model(folder: Path, network: Network, card: ModelCard) -> None:
    """Write ``model.safetensors`` and ``model.json``, the latter last: with it the model is whole."""
    with file_written_whole(folder / WEIGHTS) as partial:
        save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, partial)
    counted = 0 if network.kmer_counts is None else network.kmer_counts.k
    card = replace(card, options=network.encoder.saved_options(card.options), counted=counted)
    write_json(folder / "model.json", {"format": FORMAT, "cislearn": __version__, **asdict(card)})


def read_card(folder: Path) -> ModelCard:
    """Read ``model.json``.

    Raises
    ------
    UserError
        Where it is absent, not JSON, or of another format.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise UserError("holds no finished model (no model.json)", where=folder, fix=WHOLE)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"is not whole: {error}", where=path, fix="Train the run again.") from error
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise UserError(f"is of another format; this cislearn {__version__} reads format {FORMAT}", where=path)
    values.pop("cislearn", None)
    try:
        return ModelCard(**{**values, "spec": DataSpec.from_dict(values["spec"])})
    except (KeyError, TypeError) as error:
        raise UserError(f"is not a model's description: {error}", where=path, fix="Train the run again.") from error


def load_network(folder: Path) -> Network:
    """Return the trained network of a run folder, on the CPU, in evaluation mode, reading one strand.

    Raises
    ------
    UserError
        Where the files are absent, truncated or do not fit each other.
    """
    card = read_card(folder)
    network = card.build()
    if card.counted:
        network.kmer_counts = KmerCounts(card.counted, network.spec.n_logits)
    path = folder / WEIGHTS
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError as error:
        raise UserError(f"holds no finished model (no {WEIGHTS})", where=folder, fix=WHOLE) from error
    except Exception as error:  # safetensors raises its own class; torch RuntimeError where shapes differ
        raise UserError(f"does not fit its model.json or is not whole: {error}", where=path) from error
    return network.eval()


def for_prediction(network: Network, reading: StrandReading) -> nn.Module:
    """Return the network as predictions use it: both strands joined, or as it is where it reads so by itself.

    Raises
    ------
    UserError
        For a network of RNA, whose second strand has no meaning.
    """
    if reading != "forward":
        refuse_rna(network.spec, f"reverse complement {reading}")
    return network if reading_of(network) == reading else BothStrands(network, reading)
