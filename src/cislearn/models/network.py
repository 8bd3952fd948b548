"""The network: tokens are embedded, an encoder makes features of them, a head makes logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.encoder import Encoder, OneStage, encoders, reads_tracks
from cislearn.models.equivariance import check_equivariance
from cislearn.models.kmer_counts import KmerCounts, without_counts
from cislearn.models.kmer_input import KmerInput, build_kmer_input
from cislearn.models.layers import is_equivariant
from cislearn.models.stages import Stage
from cislearn.models.strands import refuse_to_attribute
from cislearn.registry import check_options, options_of
from cislearn.schema import DataSpec


class OneHot(nn.Module):
    """Tokens A0 C1 G2 T3 N4 as ``(n, 4, length)`` of zeros and ones; N is all zeros. Made on the tokens' device."""

    bases: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bases", torch.arange(4, dtype=torch.uint8).view(1, 4, 1), persistent=False)

    def forward(self, tokens: UInt8[Tensor, "n length"]) -> Float[Tensor, "n 4 length"]:
        """Return the one-hot windows as float32."""
        one_hot = torch.empty((len(tokens), 4, tokens.shape[1]), device=tokens.device)
        # Compared straight into float32: by way of a bool it takes twenty times as long.
        return torch.eq(tokens.unsqueeze(1), self.bases, out=one_hot)


class Network(nn.Module):
    """Encoder and head for the tasks of a dataset.

    Its input has four channels of bases and, below them, those of the dataset's tracks. Where it has `kmers`, the
    encoder reads the vectors of words in the place of the bases. Once it is trained it may be given `kmer_counts`, a
    `KmerCounts` that predictions are joined with; objectives, which ask for features and logits, never see it.

    Parameters
    ----------
    encoder : Encoder
        From one-hot windows with their tracks, or what `kmers` makes of them, to features.
    spec : DataSpec
        Tasks, window length and tracks.
    kmers : KmerInput, optional
        Looks words up before the encoder.
    """

    def __init__(self, encoder: Encoder, spec: DataSpec, kmers: KmerInput | None = None) -> None:
        super().__init__()
        self.encoder_is_frozen = False
        self.spec = spec
        self.one_hot = OneHot()
        self.kmers = kmers
        self.encoder = encoder
        self.n_features = _count_features(encoder, _channels(spec, kmers), spec.length)
        self.head = encoder.head(self.n_features, spec)
        encoder.initialise(self.head)
        self.kmer_counts: KmerCounts | None = None

    @property
    def stages(self) -> list[Stage]:
        """Encoder and head as one list of stages down to the logits; `kmers` stands before them."""
        return [*self.encoder.stages, *self.head]

    def freeze_encoder(self) -> None:
        """Let training change the head alone.

        The encoder keeps its weights and stays in evaluation mode, whatever mode the network is given: its batch norms
        go by their running statistics and do not change them, and its dropout does nothing. Vectors of words stay too.
        """
        self.encoder_is_frozen = True
        self.encoder.requires_grad_(False).eval()
        if self.kmers is not None:
            self.kmers.requires_grad_(False)

    def train(self, mode: bool = True) -> Network:
        """Set training or evaluation mode; a frozen encoder stays in the latter."""
        super().train(mode)
        if self.encoder_is_frozen:
            self.encoder.eval()
        return self

    def embed(
        self, tokens: UInt8[Tensor, "n length"], tracks: Float[Tensor, "n k length"] | None = None
    ) -> Float[Tensor, "n channels length"]:
        """Return the input of `forward` for tokens, with the tracks below them where the dataset has some.

        Raises
        ------
        UserError
            Where the tracks are not those that the network reads: without them it would learn from sequence unawares.
        """
        found = 0 if tracks is None else tracks.shape[1]
        if 4 + found != self.spec.channels:
            raise UserError(
                f"the network reads {self.spec.channels - 4} channels of tracks, and its input has {found}",
                fix="An objective of your own calls model.embed(batch.tokens, batch.tracks).",
            )
        one_hot = self.one_hot(tokens)
        return one_hot if tracks is None else torch.cat([one_hot, tracks], dim=1)

    def features(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n f *places"]:
        """Return the encoder's features; those that profiles are made of have positions."""
        return self.encoder(x if self.kmers is None else self.kmers(x))

    def pooled(self, features: Float[Tensor, "n f *places"]) -> Float[Tensor, "n g"]:
        """Return features as vectors of `n_features` numbers, by which domains are compared."""
        return self.encoder.pooled(features)

    def classify(self, features: Float[Tensor, "n f *places"]) -> Float[Tensor, "n t"]:
        """Return the logits of features."""
        return self.head(features)

    def joined_with_counts(
        self, logits: Float[Tensor, "n t"], x: Float[Tensor, "n channels length"]
    ) -> Float[Tensor, "n t"]:
        """Return what is predicted: the logits of head and encoder, with the counts of words where it has some."""
        return logits if self.kmer_counts is None else self.kmer_counts(logits, x)

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the logits of one-hot windows with their tracks."""
        return self.joined_with_counts(self.classify(self.features(x)), x)


class Output(nn.Module):
    """One logit of a model as ``(n, 1)``: what attribution methods take.

    Parameters
    ----------
    model : nn.Module
        Maps one-hot windows to logits and has a `spec`.
    task : str
        The task; there is no default, since attributions of the wrong task look like any other.
    channel : int
        The class, for a multiclass task.
    """

    def __init__(self, model: nn.Module, task: str, channel: int = 0) -> None:
        super().__init__()
        self.model = model
        spec: DataSpec = model.spec  # type: ignore[assignment]
        self.training = (
            model.training
        )  # a tool that gives this its mode back must not wake dropout and statistics below
        self.column = range(spec.n_logits)[spec.columns(task)][channel]

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n 1"]:
        """Return the logit of the task."""
        return self.model(x)[:, self.column : self.column + 1]


def output(model: nn.Module, task: str, channel: int = 0) -> Output:
    """Return `model` cut down to one task's logit, ``(n, channels, length) -> (n, 1)``; see `Output`.

    Of a model with counts of words beside the network (`KmerCounts`) it is the network's share of that logit.

    Raises
    ------
    UserError
        For a model that joins its strands by anything but the mean of their logits, or that looks words up.
    """
    refuse_to_attribute(model)
    return Output(without_counts(model), task, channel)


def build_network(
    name: str,
    spec: DataSpec,
    options: Mapping[str, Any] | None = None,
    *,
    kmers: Mapping[str, Any] | None = None,
    search: Sequence[Path] = (),
) -> Network:
    """Build the network that a configuration or a saved model describes.

    Parameters
    ----------
    name : str
        A registered encoder, ``package.module:Class`` or ``file.py:Class``.
    spec : DataSpec
        Tasks, window length and tracks.
    options : mapping, optional
        Keyword arguments of the encoder.
    kmers : mapping, optional
        Words that it reads in the place of bases, ``{"k": [3], "dim": 16, "frozen": False}``; with random vectors.
    search : sequence of Path
        Folders in which a user's own file or package is looked for.

    Raises
    ------
    UserError
        Where the encoder or one of its options is unknown, or it cannot be built for these windows or tracks, or is to
        be equivariant and cannot.
    """
    options = dict(options or {})
    part = encoders.get(name, search)
    if is_equivariant(options):
        _check_has_layers(name, part)
    check_options(part, options, what=f"encoder {name}")
    words = build_kmer_input(kmers) if kmers else None
    if words is not None:
        _check_reads_words(name, part, options)
    sizes = (spec.length, _channels(spec, words)) if spec.tracks or words else (spec.length,)
    if spec.tracks and not reads_tracks(part):
        raise UserError(
            f"encoder {name} reads sequence alone, and the dataset has tracks"
            f" ({', '.join(track.name for track in spec.tracks)})",
            where="model.encoder",
            fix="Take one that does (motif_cnn, wide), or leave the tracks out (data.tracks: false).",
        )
    if spec.profiles and not getattr(part, "predicts_profiles", False):
        raise UserError(
            f"encoder {name} pools positions away, and {spec.profiles[0].name} is a profile",
            where="model.encoder",
            fix="Take bpnet.",
        )
    try:
        made = part(*sizes, **options)
        network = Network(made if isinstance(made, Encoder) else OneStage(made), spec, words)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"encoder {name} cannot be built for windows of {spec.length} bp: {error}") from error
    if is_equivariant(options):
        _check_strands(network)
    return network


def _channels(spec: DataSpec, kmers: KmerInput | None) -> int:
    """Channels that the encoder reads."""
    return spec.channels if kmers is None else kmers.channels + spec.channels - 4


def _check_reads_words(name: str, encoder: type[nn.Module], options: dict[str, Any]) -> None:
    """Refuse words where an encoder must know the bases: by their number, their order or the motifs made of them."""
    if is_equivariant(options):
        raise UserError(
            "equivariant layers turn bases to the other strand by their order; vectors of words have none",
            where="model.input",
            fix="Take model.reverse_complement: post_hoc or conjoined, which look up the words of either strand.",
        )
    if not reads_tracks(encoder):
        raise UserError(
            f"encoder {name} reads four channels of bases alone, and not the vectors of words",
            where="model.input",
            fix="Take one that is told its channels (motif_cnn, basset, alexnet, inception), or input: one_hot.",
        )
    if (options_of(encoder) | options).get("known"):
        raise UserError(
            f"encoder {name} begins with known motifs, which are made of bases and not of words",
            where="model.input",
            fix=f"Take encoder: {{name: {name}, known: 0}}, or input: one_hot.",
        )


def _check_has_layers(name: str, encoder: type[nn.Module]) -> None:
    if "layers" not in options_of(encoder):
        others = [each for each in encoders.names() if "layers" in options_of(encoders.get(each))]
        raise UserError(
            f"encoder {name} has layers of its own, which equivariant ones cannot replace",
            where="model.reverse_complement.train",
            fix=f"Take one of {', '.join(others)}; or reverse_complement: post_hoc.",
        )


def _check_strands(network: Network) -> None:
    """Refuse a network that is to be equivariant and is not; where tracks may be the reason, with that reason."""
    other = [f"{track.name} ({track.rc})" for track in network.spec.tracks if track.rc != "flip"]
    try:
        check_equivariance(network)
    except UserError as error:
        if not other:
            raise
        raise UserError(
            f"equivariant layers read tracks that the reverse complement turns along the window and no more (flip);"
            f" these it treats otherwise: {', '.join(other)}",
            where="model.reverse_complement.train",
            fix="Leave the tracks out (data.tracks: false), or take reverse_complement: post_hoc.",
        ) from error


def _count_features(encoder: Encoder, channels: int, length: int) -> int:
    training = encoder.training
    encoder.eval()
    with torch.no_grad():
        shape = encoder.pooled(encoder(torch.zeros(1, channels, length))).shape
    encoder.train(training)
    if len(shape) != 2:
        raise ValueError(f"it returns features of shape {tuple(shape)}; expected (windows, features)")
    return int(shape[1])
