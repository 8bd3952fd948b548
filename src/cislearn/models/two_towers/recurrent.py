"""Recurrent merges: the regulators beside every step along the promoter, read from both ends (DeepREG)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.models.two_towers.merges import JOINTS, Merge

GATES = {"lstm": 4, "gru": 3}


class Recurrent(Merge):
    """A bidirectional LSTM or GRU over the steps, and a dense layer on the last state of either direction.

    What a step brings to the gates is a merge itself, so on a block it is contracted; what follows is not, since states
    belong to pairs. Gates as Keras 1 has them but for one: theirs were piecewise linear, these are logistic.

    Parameters
    ----------
    features, width, units : int
        Numbers of the promoter at each step, of the regulators, and of the dense layer.
    cell : {"lstm", "gru"}
        In the GRU the reset gate acts on the state before its map, as in Cho et al. 2014, not after as in PyTorch.
    state : int
        Numbers of the state of either direction.
    joint : {"concatenation", "tensor_product"}
        What a step reads of promoter and regulators.
    dropout : float
        Share of inputs, and of states, that is hidden, the same at all steps (Gal and Ghahramani 2016).
    """

    def __init__(
        self,
        features: int,
        width: int,
        units: int,
        *,
        cell: str = "lstm",
        state: int = 512,
        joint: str = "concatenation",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if cell not in GATES:
            raise ValueError(f"cell {cell!r}: expected lstm or gru")
        self.cell, self.state, self.units = cell, state, units
        gates = GATES[cell] * state
        self.inputs = JOINTS[joint](features, width, 2 * gates)
        self.recur = nn.ParameterList(
            [nn.init.orthogonal_(torch.empty(state, gates)) for _ in range(2)]  # as Keras begins states
        )
        self.hide_steps, self.hide_regulators = nn.Dropout1d(dropout), nn.Dropout(dropout)
        self.hide_states = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * state, units)

    @torch.no_grad()
    def open_forget_gates(self) -> None:
        """Begin with offsets of 1 at the forget gates of an LSTM, as Keras does."""
        if self.cell == "lstm":
            self.inputs.linear.bias.view(2, 4, self.state)[:, 1] = 1.0

    def pairs(self, s: Float[Tensor, "b features steps"], v: Float[Tensor, "b width"]) -> Float[Tensor, "b units"]:
        """See `Merge.pairs`."""
        s, v = self.hide_steps(s), self.hide_regulators(v)
        steps = [self.inputs.pairs(s[:, :, t], v) for t in range(s.shape[2])]
        return self._read(torch.stack(steps, dim=1))

    def block(self, s: Float[Tensor, "g features steps"], v: Float[Tensor, "*g c width"]) -> Float[Tensor, "g c units"]:
        """See `Merge.block`; what is hidden of a promoter is so in all its pairs, and so with regulators."""
        s, v = self.hide_steps(s), self.hide_regulators(v)
        n, _, length = s.shape
        each = v if v.dim() == 2 else v.repeat_interleave(length, dim=0)
        gates = self.inputs.block(s.transpose(1, 2).flatten(0, 1), each)  # (G * steps, C, 2 gates)
        gates = gates.reshape(n, length, *gates.shape[1:]).transpose(1, 2)  # (G, C, steps, 2 gates)
        return self._read(gates.flatten(0, 1)).view(n, -1, self.units)

    def _read(self, gates: Float[Tensor, "n steps gates"]) -> Float[Tensor, "n units"]:
        onward, back = gates.chunk(2, dim=2)
        last = [self._run(onward.unbind(1), self.recur[0]), self._run(back.flip(1).unbind(1), self.recur[1])]
        return self.linear(torch.cat(last, dim=1))

    def _run(self, gates: tuple[Tensor, ...], recur: Tensor) -> Float[Tensor, "n state"]:
        state = memory = gates[0].new_zeros(len(gates[0]), self.state)
        kept = self.hide_states(torch.ones_like(state))
        for step in gates:
            if self.cell == "lstm":
                take, forget, new, show = (step + (state * kept) @ recur).chunk(4, dim=1)
                memory = forget.sigmoid() * memory + take.sigmoid() * new.tanh()
                state = show.sigmoid() * memory.tanh()
            else:
                gate, new = step[:, : 2 * self.state], step[:, 2 * self.state :]
                reset, stay = (gate + (state * kept) @ recur[:, : 2 * self.state]).sigmoid().chunk(2, dim=1)
                new = (new + (reset * state * kept) @ recur[:, 2 * self.state :]).tanh()
                state = stay * state + (1 - stay) * new
        return state
