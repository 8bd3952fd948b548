"""A network that reads one strand, embedded in an equivariant one that says what its mean over both strands says."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.equivariance import TOLERANCE, at_prediction, random_windows
from cislearn.models.equivariant import EquivariantConv1d, SumOfStrands, WeightedSum
from cislearn.models.network import Network
from cislearn.models.strands import strand_logits

LINEAR = (nn.Linear, nn.Dropout, nn.Flatten)
"""What may follow the merging of the strands: the mean goes through linear maps, and through nothing else."""


def keeps_strands(network: nn.Module) -> bool:
    """Whether a network has equivariant convolutions."""
    return any(isinstance(part, EquivariantConv1d) for part in network.modules())


@torch.no_grad()
def embed_conjoined(trained: Network, network: Network) -> None:
    """Give an equivariant network the weights of an ordinary one of the same encoder, averaged over both strands.

    Its filters become those that are stored, which read the strand given from the first half of the channels and
    nothing of the second (zeros); their partners then compute the same of the other strand. So any solution of
    conjoined training is one of parameter sharing as well (Zhou et al. 2022, section 2), and can be trained on from
    there. It is exact, in evaluation mode, if and only if

    - no nonlinearity follows the merging of the strands, since the mean would have to be taken behind it: so of
      `wide`, `zhou_simulated` and `zhou_binary`, and not of `motif_cnn`, whose dense layer has a ReLU;
    - no pooling leaves positions out at one end, which equivariant layers cannot;
    - the layers take pairs, and merge by sum or average.

    Parameters
    ----------
    trained : Network
        With ordinary layers.
    network : Network
        The same encoder with equivariant layers; where its tasks are others it keeps its head.

    Raises
    ------
    UserError
        Where it would not be exact; `network` may have been changed by then.
    """
    merge, follow = _merging(network)
    _check_pooling(trained, network)
    _copy(trained.encoder, network.encoder)
    same_tasks = trained.spec.tasks == network.spec.tasks
    if same_tasks:
        _copy(trained.head, network.head)
    if same_tasks or any(part is follow for part in network.encoder.modules()):
        follow.weight *= 0.5 / merge.weight
    if same_tasks:
        _check_outputs(trained, network)


def _copy(trained: nn.Module, network: nn.Module) -> None:
    """Load weights; where a convolution reads twice as many channels, zeros for the second half."""
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    known = {
        name: _widened(value, shapes[name]) if name in shapes and value.dim() == 3 else value
        for name, value in trained.state_dict().items()
    }
    try:
        network.load_state_dict(known)
    except RuntimeError as error:
        raise _refusal(f"its weights are of other shapes: {error}") from error


def _widened(weight: Float[Tensor, "d c width"], shape: torch.Size) -> Float[Tensor, "d c2 width"]:
    if shape[1] != 2 * weight.shape[1]:
        return weight
    return torch.cat([weight, torch.zeros_like(weight)], dim=1)


def _merging(network: Network) -> tuple[SumOfStrands, nn.Linear]:
    """Return what merges the strands, and the first linear map behind it; refuse what follows and is not linear."""
    stages, merges = network.stages, []
    for number, stage in enumerate(stages):
        merges += [(number, part) for part in stage.modules() if isinstance(part, SumOfStrands)]
    if not merges or any(isinstance(part, WeightedSum) for part in network.modules()):
        raise _refusal("it does not merge its strands by sum or average")
    last, merge = merges[-1]
    behind = [part for stage in stages[last + 1 :] for part in stage.modules() if not list(part.children())]
    for part in behind:
        if not isinstance(part, LINEAR):
            raise _refusal(f"{type(part).__name__} follows the merging of the strands, and is not linear")
    return merge, next(part for part in behind if isinstance(part, nn.Linear))


def _check_pooling(trained: Network, network: Network) -> None:
    others = dict(trained.named_modules())
    for name, part in network.named_modules():
        if isinstance(part, nn.MaxPool1d) and part.kernel_size != getattr(others.get(name), "kernel_size", None):
            raise _refusal(f"a pooling leaves positions out at one end of windows of {network.spec.length} bp")


def _check_outputs(trained: Network, network: Network) -> None:
    x = random_windows(trained.spec, 4).to(next(trained.parameters()))
    with at_prediction(trained), at_prediction(network):
        expected, found = strand_logits(trained, x).mean(1), network(x)
    apart = float((found - expected).abs().max())
    if not apart <= TOLERANCE * max(1.0, float(expected.abs().max())):
        raise _refusal(f"outputs differ by {apart:.2g}")


def _refusal(reason: str) -> UserError:
    return UserError(
        f"the network cannot be embedded in the equivariant one with equal outputs: {reason}",
        where="training.init_from",
        fix="Take wide, zhou_simulated or zhou_binary with filters: pairs, and windows that its poolings divide.",
    )
