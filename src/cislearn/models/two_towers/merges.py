"""What joins promoter and regulators, with the first dense layer behind it: pair by pair, or contracted on a block.

The layer behind a merge is what costs: of 472 regulators and 256 filters the outer product has 120,832 numbers, which
512 units read. On a block of genes x conditions the sum over regulators is the same for all genes of a condition, so it
is taken once a condition: ``sum_f s_gf (sum_r W_hrf v_cr)``. Both ways use one and the same weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Merge(nn.Module, ABC):
    """A merge of `features` of the promoter and `width` numbers of the regulators, and a dense layer of `units`.

    It ends before the activation of that layer.
    """

    units: int
    linear: nn.Linear

    @abstractmethod
    def pairs(self, s: Float[Tensor, "b ..."], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """Merge each promoter with the regulators of the same row, as it is written down."""

    @abstractmethod
    def block(self, s: Float[Tensor, "g ..."], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """Merge each promoter with all regulators: those of C conditions, or of its own C where ``v`` is (G, C, R)."""


class TensorProduct(Merge):
    """The outer product of both, flattened, before the dense layer (DeepREG)."""

    def __init__(self, features: int, width: int, units: int) -> None:
        super().__init__()
        self.features, self.width, self.units = features, width, units
        self.linear = nn.Linear(width * features, units)

    def pairs(self, s: Float[Tensor, "b features"], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """See `Merge.pairs`."""
        return self.linear((v[:, :, None] * s[:, None, :]).flatten(1))

    def block(self, s: Float[Tensor, "g features"], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """See `Merge.block`; regulators that each gene has of its own are contracted with the promoter first."""
        weight = self.linear.weight.view(self.units, self.width, self.features)
        if v.dim() == 2:
            of_condition = v @ weight  # (units, C, features), by units: einsum would copy the weights, 250 MB of them
            joined = (of_condition.flatten(0, 1) @ s.T).view(self.units, len(v), len(s)).permute(2, 1, 0)
        else:
            of_gene = weight @ s.T  # (units, R, G)
            joined = torch.einsum("gcr,hrg->gch", v, of_gene)
        return joined + self.linear.bias


class Concatenation(Merge):
    """Both side by side before the dense layer, which is then a sum of one map of either."""

    def __init__(self, features: int, width: int, units: int) -> None:
        super().__init__()
        self.features, self.units = features, units
        self.linear = nn.Linear(features + width, units)

    def pairs(self, s: Float[Tensor, "b features"], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """See `Merge.pairs`."""
        return self.linear(torch.cat([s, v], dim=1))

    def block(self, s: Float[Tensor, "g features"], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """See `Merge.block`."""
        of_gene, of_condition = self.linear.weight[:, : self.features], self.linear.weight[:, self.features :]
        return (s @ of_gene.T)[:, None] + v @ of_condition.T + self.linear.bias


class GreatestProduct(Merge):
    """The outer product's maximum over the filters, a number a regulator, before the dense layer (DeepREG).

    ``max_f v_r s_f`` is ``v_r max_f s_f`` where a regulator is up and ``v_r min_f s_f`` where it is down: a whole
    promoter comes down to two numbers, which may be why it did not learn.
    """

    def __init__(self, features: int, width: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.linear = nn.Linear(width, units)

    def pairs(self, s: Float[Tensor, "b features"], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """See `Merge.pairs`."""
        return self.linear((v[:, :, None] * s[:, None, :]).amax(dim=2))

    def block(self, s: Float[Tensor, "g features"], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """See `Merge.block`."""
        up, down = v.relu() @ self.linear.weight.T, (-v).relu() @ self.linear.weight.T
        most, least = s.amax(dim=1)[:, None, None], s.amin(dim=1)[:, None, None]
        return most * up - least * down + self.linear.bias


class Product(Merge):
    """The product of both, number by number, before the dense layer: a bilinear form of low rank (ours)."""

    def __init__(self, features: int, width: int, units: int) -> None:
        super().__init__()
        if features != width:
            raise ValueError(f"{features} numbers of the promoter and {width} of the regulators have no product")
        self.units = units
        self.linear = nn.Linear(features, units)

    def pairs(self, s: Float[Tensor, "b features"], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """See `Merge.pairs`."""
        return self.linear(s * v)

    def block(self, s: Float[Tensor, "g features"], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """See `Merge.block`."""
        weighted = s[:, None] * self.linear.weight  # (G, units, features)
        return v @ weighted.transpose(1, 2) + self.linear.bias


JOINTS: dict[str, type[Merge]] = {
    "tensor_product": TensorProduct,
    "concatenation": Concatenation,
    "greatest_product": GreatestProduct,
    "product": Product,
}
"""Merges of whole promoters by name; the first two also join the steps of a recurrent one."""
Joint = Literal["tensor_product", "concatenation"]
