"""What the motifs of one network are called, the most influential first, and where the factor's own comes."""

from __future__ import annotations

from cislearn.explain.found import Found
from cislearn.explain.matching import is_named
from cislearn.studies.known_motifs.families import is_of_family


def standing(found: Found, factor: str) -> dict[str, object]:
    """Return what the first motif is called, and how far down the first of the factor's family comes.

    Parameters
    ----------
    found : Found
        Motifs in the order of what they are worth, with their best matches.
    factor : str
        Of `FAMILIES`.

    Returns
    -------
    dict
        ``estimate``: the rank, from 1, of the first motif that `is_named` after the family; NaN where none is.
        ``n``: motifs. ``top``, ``q``, ``by_chance``: the best match of the first motif. ``is_own``: whether its rank
        is 1.
    """
    table = found.table
    if table.empty:
        return {"estimate": float("nan"), "n": 0, "is_own": False}
    named = is_named(table["q"].to_numpy(float), table["by_chance"].to_numpy(float))
    own = named & table["name"].map(lambda name: is_of_family(factor, name)).to_numpy(bool)
    first = table.iloc[0]
    return {
        "estimate": float(own.argmax() + 1) if own.any() else float("nan"),
        "n": len(table),
        "top": first["name"],
        "q": first["q"],
        "by_chance": first["by_chance"],
        "is_own": bool(own[0]),
    }  # fmt: skip
