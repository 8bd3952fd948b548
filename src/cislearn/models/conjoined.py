"""A network of both strands: what it is trained on is already made of a window and of its reverse complement."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.network import Network
from cislearn.models.strands import joined, other_strand, turned_back
from cislearn.schema import StrandReading


class Conjoined(Network):
    """A network whose loss is on the joined logits of both strands ("conjoined during training", Zhou et al. 2022).

    With ``average`` one set of weights reads either strand and the mean of the two logits is trained; with ``maximum``
    the greater one, as in DeepBind (Alipanahi et al. 2015). The strands go through in two calls, so batch norm takes
    its statistics of one after the other. Weights and their names are those of the network within: saved, it is that
    network, and `BothStrands` of the same reading makes of it what was trained.

    Its features are those of both strands side by side, and `classify` takes them apart: heads may have hidden layers,
    so no mean of the features gives the mean of the logits. An objective that looks at features thus sees all that the
    prediction rests on, and those of the reverse complement are the same with the halves exchanged.

    Parameters
    ----------
    network : Network
        The network within; its parts are shared, not copied.
    reading : {"average", "maximum"}
        How the two logits are joined.
    """

    def __init__(self, network: Network, reading: StrandReading = "average") -> None:
        nn.Module.__init__(self)  # the parts are there already: none is made, and nothing drawn at random
        self.spec, self.one_hot, self.encoder, self.head = network.spec, network.one_hot, network.encoder, network.head
        self.n_features, self.reading = 2 * network.n_features, reading
        self.kmers, self.encoder_is_frozen = network.kmers, network.encoder_is_frozen
        self.kmer_counts = network.kmer_counts

    def one_strand(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the logits of the network within, which reads the strand given."""
        return self.joined_with_counts(super().classify(super().features(x)), x)

    def features(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n f *places"]:
        """Return the encoder's features of the strand given and, beside them, of the other."""
        return torch.cat([super().features(x), super().features(other_strand(x, self.spec))], dim=1)

    def pooled(self, features: Float[Tensor, "n f *places"]) -> Float[Tensor, "n g"]:
        """Return the features of both strands as vectors, side by side."""
        return torch.cat([super(Conjoined, self).pooled(each) for each in features.chunk(2, dim=1)], dim=1)

    def classify(self, features: Float[Tensor, "n f *places"]) -> Float[Tensor, "n t"]:
        """Return the joined logits of features of both strands."""
        one, other = features.chunk(2, dim=1)
        turned = turned_back(super().classify(other), self.spec)
        return joined(super().classify(one), turned, self.reading, self.spec.tasks)
