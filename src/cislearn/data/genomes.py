"""The genomes of a dataset: one for all domains, or one a domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cislearn.errors import UserError, nearest
from cislearn.genome.token_genome import Genome, open_genome
from cislearn.progress import Progress, silent


@dataclass(frozen=True)
class Genomes:
    """Open genomes.

    Parameters
    ----------
    by_name : dict of str to Genome
        The name is that of the file, without its extension.
    of_domain : dict of str to str
        Name of the genome of each domain that has one.
    """

    by_name: dict[str, Genome]
    of_domain: dict[str, str]

    @classmethod
    def open(
        cls,
        given: Path | str | Mapping[str, Path | str] | None,
        domains: Sequence[str],
        *,
        progress: Progress = silent,
    ) -> Genomes:
        """Open the genome of all `domains`, or that of each where `given` says one a domain.

        Raises
        ------
        UserError
            Where a domain is named that is none, or a file cannot be read.
        """
        by_domain = given if isinstance(given, Mapping) else {d: given for d in domains if given is not None}
        for domain in by_domain:
            if domain not in domains:
                raise UserError(f"--genome names domain {domain!r}, which has no files{nearest(domain, domains)}")
        paths = {domain: Path(path).expanduser().resolve() for domain, path in by_domain.items()}
        names = _short_names(set(paths.values()))
        by_name = {}
        for path, name in names.items():
            progress(f"opening genome {path}")
            by_name[name] = open_genome(path, progress=partial(progress, f"indexing {path.name}, once"))
        return cls(by_name, {domain: names[path] for domain, path in paths.items()})

    def of_loci(self, domain: str) -> str:
        """Name of the genome on which loci of a domain lie, empty where it cannot be known.

        Where one genome is given in all, loci of a domain without one are taken to lie on it as well: two names for one
        chromosome would hide from split and leak check that loci of two domains are the same.
        """
        only = next(iter(self.by_name)) if len(self.by_name) == 1 else ""
        return self.of_domain.get(domain, only)


def _short_names(paths: set[Path]) -> dict[Path, str]:
    """Name each file by its stem, with the folder before it where two files have one stem."""
    short = {path: path.name.removesuffix(".gz").rsplit(".", 1)[0] for path in sorted(paths)}
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {path: f"{path.parent.name}/{name}" if name in twice else name for path, name in short.items()}
