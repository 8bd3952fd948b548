"""Branches that read the promoter: convolutions as published, equivariant ones, and the gene's identity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from cislearn.models.batch_norm import BatchNorm
from cislearn.models.convolution import ChannelsLastConv1d
from cislearn.models.layers import BASES, layers

UNKNOWN = -1
"""The number of a gene that the network was not trained on."""


class Branch(nn.Module, ABC):
    """From promoters, and the numbers of their genes, to features.

    Parameters
    ----------
    features : int
        How many numbers it gives; where it keeps `steps`, at each of them.
    steps : int
        Positions that are kept for a recurrent merge; 0 where they are laid side by side.
    """

    def __init__(self, features: int, steps: int = 0) -> None:
        super().__init__()
        self.features, self.steps = features, steps

    @abstractmethod
    def forward(self, x: Float[Tensor, "p bases length"], genes: Int64[Tensor, " p"]) -> Float[Tensor, "p ..."]:
        """Return ``(P, features)``, or ``(P, features, steps)``."""


class Convolutions(Branch):
    """Convolutions inside the promoter, each with a maximum and a ReLU behind it (DeepREG).

    Parameters
    ----------
    length : int
        Of the promoter in bp.
    genes : int
        Of no meaning here.
    filters, widths : list of int
        Of each convolution.
    pools : list of int
        Positions of each maximum; 0 is all of them, 1 none.
    strides : list of int, optional
        Of each convolution; 1.
    pool_stride : int, optional
        Of the last maximum; without overlap.
    same : bool
        Whether the last maximum also lies over the ends of the map, as Keras's ``same`` has it: of 982 positions 15
        make 66 and not 65.
    norm, relu : bool
        Whether batches are normalised, and whether there is a ReLU.
    keep_steps : bool
        Whether positions are kept.
    """

    def __init__(
        self,
        length: int,
        genes: int,
        /,
        *,
        filters: Sequence[int] = (256,),
        widths: Sequence[int] = (19,),
        pools: Sequence[int] = (0,),
        strides: Sequence[int] = (),
        pool_stride: int | None = None,
        same: bool = False,
        norm: bool = False,
        relu: bool = True,
        keep_steps: bool = False,
    ) -> None:
        steps: list[nn.Module] = []
        channels, last = BASES, len(filters) - 1
        for k, (n, width, pool, stride) in enumerate(
            zip(filters, widths, pools, strides or [1] * len(filters), strict=True)
        ):
            conv = ChannelsLastConv1d if stride == 1 else nn.Conv1d
            steps.append(conv(channels, n, width, stride=stride))
            length, channels = (length - width) // stride + 1, n
            if length < max(pool, 1):
                raise ValueError(f"nothing is left of the promoter at convolution {k + 1}: it is too short")
            pool = pool or length
            if norm:
                steps.append(BatchNorm(n))
            if same and k == last and length % pool:
                missing = pool - length % pool
                # Zeros change no maximum that a ReLU follows.
                steps.append(nn.ConstantPad1d((missing // 2, missing - missing // 2), 0.0))
                length += missing
            if pool > 1:
                hop = pool_stride if pool_stride is not None and k == last else pool
                steps.append(nn.MaxPool1d(pool, hop))
                length = (length - pool) // hop + 1
            if relu:
                steps.append(nn.ReLU())
        super().__init__(channels if keep_steps else channels * length, length if keep_steps else 0)
        self.layers = nn.Sequential(*steps, *([] if keep_steps else [nn.Flatten()]))

    def forward(self, x: Float[Tensor, "p bases length"], genes: Int64[Tensor, " p"]) -> Float[Tensor, "p ..."]:
        """See `Branch.forward`."""
        return self.layers(x)


class Equivariant(Branch):
    """Convolutions that read both strands alike, their maps added up strand upon strand (the NIPS draft of DeepREG).

    Twice 50 pairs of filters of 9 positions, normalised, with maxima of 4; then one dense layer, which is blind to the
    strand because what it reads is (Shrikumar et al. 2017, whose last layer ties its weights to the same end).

    Parameters
    ----------
    length : int
        Of the promoter in bp; after each convolution the pooling must divide what is left.
    genes : int
        Of no meaning here.
    filters, width, pool, hidden : int
        Pairs of filters of each convolution, their positions, those of each maximum, and units of the dense layer.
    """

    def __init__(
        self,
        length: int,
        genes: int,
        /,
        *,
        filters: int = 50,
        width: int = 9,
        pool: int = 4,
        hidden: int = 512,
    ) -> None:
        super().__init__(hidden)
        make, channels, steps = layers({"name": "equivariant"}), BASES, []
        for k in range(2):
            conv = (make.conv if k else make.first)(channels, filters, width, padding="valid")
            channels, length = make.channels(filters), length - width + 1
            if length < pool or length % pool:
                raise ValueError(f"{length} positions before a pooling of {pool} cannot be read alike on both strands")
            steps += [conv, make.norm(channels), make.activation(), make.pool(pool)]
            length //= pool
        joined, channels = make.merge(channels)
        self.layers = nn.Sequential(
            *steps, *joined, nn.Flatten(), nn.Linear(channels * length, hidden), make.activation()
        )

    def forward(self, x: Float[Tensor, "p bases length"], genes: Int64[Tensor, " p"]) -> Float[Tensor, "p ..."]:
        """See `Branch.forward`."""
        return self.layers(x)


class GeneIdentity(Branch):
    """A vector a gene, learned, in the place of its promoter; zeros for a gene that was not trained on.

    Parameters
    ----------
    length : int
        Of no meaning here.
    genes : int
        That there are to be trained on.
    features : int
        Numbers a gene.
    scale : float
        Spread of the first vectors.
    """

    def __init__(self, length: int, genes: int, /, *, features: int = 256, scale: float = 1.0) -> None:
        super().__init__(features)
        self.vectors = nn.Embedding(genes + 1, features, padding_idx=0)
        with torch.no_grad():
            self.vectors.weight.mul_(scale)

    def forward(self, x: Float[Tensor, "p bases length"], genes: Int64[Tensor, " p"]) -> Float[Tensor, "p ..."]:
        """See `Branch.forward`."""
        return self.vectors(genes - UNKNOWN)


BRANCHES: dict[str, type[Branch]] = {
    "convolutions": Convolutions,
    "equivariant": Equivariant,
    "gene": GeneIdentity,
}
"""Branches of the promoter by name."""
