"""Forward and reverse sequence scan: both strands through one pair of convolutions (FRSS, Onimaru et al. 2020)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.convolution import ChannelsLastConv1d, Turned
from cislearn.models.encoder import Encoder, register
from cislearn.models.equivariant import widened_pool
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage


class Scan(nn.Module):
    """Both strands through the same two convolutions, which turn their filters instead of the window.

    ``h = ReLU(x * W1)`` and ``h' = ReLU(x * RC(W1))``, RC along bases and length, each with dropout and a maximum of 2;
    then ``ReLU(h * W2) + ReLU(h' * W2')`` with W2' reversed along the length. For the reverse complement of the window
    the result is reversed along the length, and the same otherwise.

    Parameters
    ----------
    length : int
        Window length in bp.
    filters, width : int
        Of the first convolution, width odd.
    further, further_width : int
        Of the second, width odd.
    dropout : float
        Share of the first maps that is hidden in training, drawn for each strand.
    """

    def __init__(self, length: int, filters: int, width: int, further: int, further_width: int, dropout: float) -> None:
        super().__init__()
        for each in (width, further_width):
            if each % 2 == 0:
                raise ValueError(f"a filter of even width {each} cannot lie about its position; take an odd one")
        self.first = ChannelsLastConv1d(4, filters, width, padding=width // 2)
        self.second = ChannelsLastConv1d(filters, further, further_width, padding=further_width // 2)
        # Two of each: no module runs twice, as DeepLIFT needs it.
        self.first_turned, self.second_turned = Turned(self.first, (1, 2)), Turned(self.second, (2,))
        self.given, self.other = (
            nn.Sequential(nn.Dropout(dropout), widened_pool(2, length), nn.ReLU()) for _ in range(2)
        )
        self.of_given, self.of_other = nn.ReLU(), nn.ReLU()

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n d half"]:
        """Return the sum over both strands."""
        given = self.given(self.first(x))
        other = self.other(self.first_turned(x))
        return self.of_given(self.second(given)) + self.of_other(self.second_turned(other))


@register("frss")
class FRSS(Encoder):
    """Both strands through the same filters, turned; a global maximum that does not tell the strand.

    What the publication puts behind the second layer is an ordinary stack, which would tell a window from its reverse
    complement again. Here it is a maximum over all positions and a dense layer, so that the network says the same of
    both: take `reverse_complement: none`, since there is nothing to average. Sizes are ours.

    Parameters
    ----------
    length : int
        Window length in bp.
    motifs, motif_width : int
        Filters of the first convolution, and their width in bp, odd.
    pairs, pair_width : int
        Filters of the second convolution, and their width in positions of 2 bp, odd.
    features : int
        Length of the feature vector.
    dropout : float
        Share of the first maps that is hidden in training, drawn for each strand.
    """

    def __init__(
        self,
        length: int,
        *,
        motifs: int = 48,
        motif_width: int = 19,
        pairs: int = 96,
        pair_width: int = 13,
        features: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if length < 2:
            raise ValueError(f"windows of {length} bp are shorter than the pooling of 2")
        make = layers_of("channels_last")
        scan = Scan(length, motifs, motif_width, pairs, pair_width, dropout)
        self.stages = nn.Sequential(
            Stage(scan, pool=make.global_pool(length // 2)),
            Stage(make.dense(pairs, features), None, make.activation()),
        )
