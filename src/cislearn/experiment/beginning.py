"""Beginning at the weights of a finished run, or at vectors of words that were learned before."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from cislearn.errors import UserError
from cislearn.kmers.vectors import read_vectors
from cislearn.models.embedding import embed_conjoined, keeps_strands
from cislearn.models.equivariance import TOLERANCE, at_prediction, random_windows
from cislearn.models.network import Network
from cislearn.models.saving import load_network
from cislearn.runs import runs_under
from cislearn.schema import DataSpec


def begin_from(network: Network, path: Path, seed: int) -> None:
    """Copy the weights of a finished run into `network`: the encoder's, and the head's where the tasks are the same.

    Vectors of words, where it reads words, are the encoder's.

    An equivariant network can begin at an ordinary one (`embed_conjoined`): it then says what the mean over both
    strands said.

    Parameters
    ----------
    network : Network
        Freshly built.
    path : Path
        A run, a method's folder or an experiment; of several runs that of the same seed, else the first.
    seed : int
        Of the training that begins.

    Raises
    ------
    UserError
        Where there is no finished run, its encoder is another one or reads other tracks, or it cannot be embedded.
    """
    runs = runs_under(path)
    run = next((run for run in runs if run.path.name == f"seed-{seed}"), runs[0])
    trained = load_network(run.path)
    if trained.spec.tracks != network.spec.tracks:
        raise _another(run.path, f"other tracks ({_named(trained.spec)}) than this experiment ({_named(network.spec)})")
    if keeps_strands(network) and not keeps_strands(trained):
        embed_conjoined(trained, network)
        return
    try:
        for part, of_trained in ((network.encoder, trained.encoder), (network.kmers, trained.kmers)):
            _take_over(part, of_trained)
    except RuntimeError as error:
        what = f"another encoder, input or window length ({trained.spec.length} bp) than this experiment"
        raise _another(run.path, what) from error
    if trained.spec.length == network.spec.length and not _says_the_same(trained, network):
        raise _another(run.path, "an encoder of the same weights that computes another thing with them")
    if trained.spec.tasks == network.spec.tasks:
        network.head.load_state_dict(trained.head.state_dict())


def begin_with_vectors(network: Network, vectors: Path | None) -> None:
    """Let a network that reads words begin with learned vectors, where a folder of them is given.

    Raises
    ------
    UserError
        Where they are absent, or of other words.
    """
    if vectors is not None and network.kmers is not None:
        network.kmers.begin_with(read_vectors(vectors), str(vectors))


def _says_the_same(trained: Network, network: Network) -> bool:
    """Whether two networks of equal weights make the same features of random windows."""
    x = random_windows(trained.spec, 4)
    with at_prediction(trained), at_prediction(network):
        expected, found = trained.features(x), network.features(x)
    return expected.shape == found.shape and torch.allclose(expected, found, rtol=TOLERANCE, atol=TOLERANCE)


def _another(path: Path, what: str) -> UserError:
    fix = "Take the same model section and tracks, or leave training.init_from out."
    return UserError(f"has {what}", where=path, fix=fix)


def _named(spec: DataSpec) -> str:
    return ", ".join(f"{track.name}, {track.rc}" for track in spec.tracks) or "none"


def _take_over(part: nn.Module | None, trained: nn.Module | None) -> None:
    if part is not None and trained is not None:
        part.load_state_dict(trained.state_dict())
    elif part is not trained:
        raise RuntimeError("one of the two reads words and the other bases")
