"""Names of chromosomes: those of a file matched with those of a genome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from cislearn.errors import UserError

_MITOCHONDRION = {"M", "MT"}


def map_chromosomes(
    names: Iterable[str], genome_chromosomes: Mapping[str, int], *, where: str | Path
) -> tuple[dict[str, str], str | None]:
    """Match the chromosome names of a file with those of a genome, as `match_chromosomes` does.

    Parameters
    ----------
    names : iterable of str
        Names in the file; repeats are allowed.
    genome_chromosomes : mapping of str to int
        Names and lengths (bp) of the genome.
    where : str or Path
        The file, for messages.

    Returns
    -------
    mapping, note
        Those of `match_chromosomes`.

    Raises
    ------
    UserError
        Where no name at all is matched; shows both naming styles.
    """
    distinct = list(dict.fromkeys(names))
    mapping, note = match_chromosomes(distinct, genome_chromosomes)
    if distinct and not mapping:
        raise UserError(
            f"no chromosome is in the genome: the file has {some_names(distinct)}; "
            f"the genome has {some_names(genome_chromosomes)}",
            where=where,
            fix="Give the genome that the regions were made on, or rename the chromosomes of one of the two.",
        )
    return mapping, note


def match_chromosomes(names: Iterable[str], genome_chromosomes: Mapping[str, int]) -> tuple[dict[str, str], str | None]:
    """Match chromosome names with those of a genome; that none is matched is no error.

    A name that the genome has stays. Another is looked up with its ``chr`` added or taken off, M and MT taken as one.

    Returns
    -------
    mapping : dict of str to str
        From each name that was matched to that of the genome; names that the genome lacks are left out.
    note : str or None
        What was renamed, to be recorded; None where every matched name stayed.
    """
    by_bare_name = _unambiguous(genome_chromosomes)
    distinct = dict.fromkeys(names)
    renamed = {
        name: by_bare_name[_bare(name)]
        for name in distinct
        if name not in genome_chromosomes and _bare(name) in by_bare_name
    }
    mapping = {name: renamed.get(name, name) for name in distinct if name in genome_chromosomes or name in renamed}
    examples = [f"{name} -> {known}" for name, known in renamed.items()]
    return mapping, f"chromosomes renamed to match the genome: {some_names(examples)}" if renamed else None


def is_mitochondrion(name: str) -> bool:
    """Whether a chromosome is that of the mitochondria: M, MT, chrM."""
    return _bare(name) == "MT"


def spelled_alike(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name that differs from `name` only by ``chr`` (M and MT taken as one), if there is one."""
    return _unambiguous(known).get(_bare(name))


def some_names(names: Iterable[str], n_shown: int = 3) -> str:
    """List the first names, and how many there are where some are left out: ``"chr1, chr2, chr3 ... (25 in all)"``."""
    listed = list(names)
    more = f" ... ({len(listed):,} in all)" if len(listed) > n_shown else ""
    return ", ".join(listed[:n_shown]) + more


def _unambiguous(names: Iterable[str]) -> dict[str, str]:
    listed = list(names)
    counts = Counter(map(_bare, listed))
    return {_bare(name): name for name in listed if counts[_bare(name)] == 1}


def _bare(name: str) -> str:
    bare = re.sub("^chr", "", name, flags=re.IGNORECASE)
    return "MT" if bare in _MITOCHONDRION else bare
