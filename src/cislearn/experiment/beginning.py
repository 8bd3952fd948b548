"""Beginning at the weights of a finished run."""

from __future__ import annotations

from pathlib import Path

from cislearn.errors import UserError
from cislearn.models.embedding import embed_conjoined, keeps_strands
from cislearn.models.network import Network
from cislearn.models.saving import load_network
from cislearn.runs import runs_under


def begin_from(network: Network, path: Path, seed: int) -> None:
    """Copy the weights of a finished run into `network`: the encoder's, and the head's where the tasks are the same.

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
        Where there is no finished run, its encoder is another one, or it cannot be embedded.
    """
    runs = runs_under(path)
    run = next((run for run in runs if run.path.name == f"seed-{seed}"), runs[0])
    trained = load_network(run.path)
    if keeps_strands(network) and not keeps_strands(trained):
        embed_conjoined(trained, network)
        return
    try:
        network.encoder.load_state_dict(trained.encoder.state_dict())
    except RuntimeError as error:
        raise UserError(
            f"has another encoder or window length ({trained.spec.length} bp) than this experiment",
            where=run.path,
            fix="Take the same model section, or leave training.init_from out.",
        ) from error
    if trained.spec.tasks == network.spec.tasks:
        network.head.load_state_dict(trained.head.state_dict())
