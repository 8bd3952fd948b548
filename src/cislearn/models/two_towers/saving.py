"""Networks of two towers on disk: weights as safetensors, the rest as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from cislearn.atomic import file_written_whole, write_json
from cislearn.errors import UserError
from cislearn.models.files import TWO_TOWERS, WEIGHTS
from cislearn.models.two_towers.design import Design
from cislearn.models.two_towers.network import TwoTowers
from cislearn.version import __version__

CARD = TWO_TOWERS
FORMAT = 1


@dataclass(frozen=True)
class TowersCard:
    """All that it takes to build a network again and to use it as it was meant.

    Parameters
    ----------
    network : str
        Its name.
    design : Design
        Its parts.
    length, genes : int
        Bases of a promoter, and genes of the dataset that it was trained on.
    regulators : list of str
        Names, in the order of the inputs.
    own : {"masked", "kept"}
        Whether a gene that is a regulator saw itself.
    extra : dict
        What a run adds: split, seed, plan, history, scores.
    """

    network: str
    design: Design
    length: int
    genes: int
    regulators: list[str]
    own: str
    extra: dict[str, Any]

    def build(self) -> TwoTowers:
        """Return the network with fresh weights."""
        return TwoTowers(self.design, length=self.length, regulators=len(self.regulators), genes=self.genes)


def save_towers(folder: Path, network: TwoTowers, card: TowersCard) -> None:
    """Write the weights, then the card: with it the model is whole."""
    with file_written_whole(folder / WEIGHTS) as partial:
        save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, partial)
    write_json(folder / CARD, {"format": FORMAT, "cislearn": __version__, **asdict(card)})


def load_towers(folder: Path) -> tuple[TwoTowers, TowersCard]:
    """Return the network of a folder, on the CPU, in evaluation mode, and its card.

    Raises
    ------
    UserError
        Where files are absent, cut short, or do not fit each other.
    """
    path = folder / CARD
    if not path.is_file():
        raise UserError(f"holds no network of expression (no {CARD})", where=folder, fix="Give what `express` wrote.")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.get("format") != FORMAT:
            raise UserError(f"is of another format; this cislearn {__version__} reads format {FORMAT}", where=path)
        design = Design(**{each.name: values["design"][each.name] for each in fields(Design)})
        rest = {each.name: values[each.name] for each in fields(TowersCard) if each.name != "design"}
        card = TowersCard(design=design, **rest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"is no description of a network: {error}", where=path, fix="Train it again.") from error
    network = card.build()
    try:
        network.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # safetensors raises its own class; torch RuntimeError where shapes differ
        raise UserError(f"does not fit its {CARD}, or is not whole: {error}", where=folder / WEIGHTS) from error
    return network.eval(), card
