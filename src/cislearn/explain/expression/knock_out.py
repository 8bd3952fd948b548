"""Knock-outs in silico: sites of a motif masked, regulators set to a level, and what a network says changes.

DeepREG's way: of MSN2 and MSN4 the word AGGGG is made NNNNN on both strands of every promoter, and both regulators
stand at 0, no change, or at -5, a 32nd part of what they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32

from cislearn.data.expression.blocks import Block
from cislearn.models.two_towers import TwoTowers
from cislearn.prediction.two_towers import predict_block
from cislearn.sequence.tokens import N

LEVELS = (0.0, -5.0)
"""Log2 ratios that DeepREG set regulators to: no change, and a 32nd part."""


class KnockOut(NamedTuple):
    """What is taken away.

    Parameters
    ----------
    is_masked : bool
        Whether the sites are.
    level : float or None
        Log2 ratio that the regulators are set to in every condition; None where they stay as they are.
    """

    is_masked: bool
    level: float | None


def knock_outs(levels: Sequence[float], *, has_motif: bool, has_regulators: bool) -> list[KnockOut]:
    """Return the motif alone, the regulators alone at each of the `levels`, and both together, as far as there are."""
    found = [KnockOut(True, None)] if has_motif else []
    if has_regulators:
        found += [KnockOut(False, level) for level in levels]
        found += [KnockOut(True, level) for level in levels if has_motif]
    return found


def knocked_out(block: Block, what: KnockOut, sites: Bool[np.ndarray, "g length"], places: Sequence[int]) -> Block:
    """Return a block with the bases of `sites` as N, or the regulators at `places` at their level, or both.

    A gene that is a regulator and does not see itself goes on not to.
    """
    if what.is_masked:
        block = replace(block, tokens=block.tokens.masked_fill(torch.from_numpy(sites), int(N)))
    if what.level is not None:
        regulators = block.regulators.clone()
        regulators[:, list(places)] = what.level
        block = replace(block, regulators=regulators)
    return block


def predicted_changes(
    network: TwoTowers,
    block: Block,
    what: Sequence[KnockOut],
    sites: Bool[np.ndarray, "g length"],
    places: Sequence[int],
    device: torch.device,
) -> Iterator[Float32[np.ndarray, "g c"]]:
    """Yield the log2 ratio that is predicted under each knock-out less the one without it, of a network of log ratios.

    Parameters
    ----------
    network : TwoTowers
        With one column.
    block : Block
        Of genes and conditions as they are.
    what : list of KnockOut
        In the order of what is yielded.
    sites : ndarray, shape (genes, length), bool
        Bases of the promoters that a motif lies on.
    places : list of int
        The regulators among those that the network reads.
    device : torch.device
        That computes.
    """
    network = network.to(device)
    before = predict_block(network, block, device)
    for each in what:
        after = predict_block(network, knocked_out(block, each, sites, places), device)
        yield (after - before)[:, :, 0].numpy()
