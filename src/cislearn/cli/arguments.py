"""Arguments of the form ``NAME=FILE``, as several verbs take them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from cislearn.errors import UserError, nearest


def files_by_domain(values: Sequence[str], option: str, example: str = "K562=peaks.bed.gz") -> dict[str, list[Path]]:
    """Return the files of each domain of ``DOMAIN=FILE`` arguments, in order; a domain may have several.

    Raises
    ------
    UserError
        For an argument without ``=``, or a file that is not there.
    """
    files: dict[str, list[Path]] = {}
    for value in values:
        domain, equals, name = value.partition("=")
        if not (domain and equals and name):
            raise UserError(f"{value!r} is not DOMAIN=FILE", where=option, fix=f"For example {option} {example}")
        files.setdefault(domain, []).append(existing(Path(name), option))
    return files


def genome_argument(values: Sequence[str]) -> Path | dict[str, Path] | None:
    """Return the genome of all domains (``FILE``), that of each (``DOMAIN=FILE`` ...), or None.

    Raises
    ------
    UserError
        Where both forms are mixed, or a file is not there.
    """
    if not values:
        return None
    if len(values) == 1 and (Path(values[0]).exists() or "=" not in values[0]):
        return existing(Path(values[0]), "--genome")
    genomes = files_by_domain(values, "--genome", example="K562=hg38.fa.gz")
    for domain, paths in genomes.items():
        if len(paths) > 1:
            raise UserError(f"domain {domain!r} has two: {paths[0]} and {paths[1]}", where="--genome")
    return {domain: paths[0] for domain, paths in genomes.items()}


def negatives_argument(values: Sequence[str]) -> tuple[dict[str, list[Path]], str | dict[str, str] | None]:
    """Return the files of ``DOMAIN=FILE`` arguments, and how negatives are made: ``WAY`` or ``DOMAIN=WAY`` ...

    Raises
    ------
    UserError
        For a word that is neither, a file that is not there, or several ways of one domain.
    """
    from cislearn.data.negatives import WAYS

    option = "--negatives"
    ways: dict[str, str] = {}
    files = []
    for value in values:
        domain, equals, name = value.rpartition("=")
        if name not in WAYS:
            if not equals:
                raise UserError(
                    f"{value!r} is neither DOMAIN=FILE nor a way of making negatives{nearest(value, WAYS)}",
                    where=option,
                    fix=f"For example {option} K562=unbound.bed, or {option} {WAYS[0]}",
                )
            if not Path(name).exists() and (meant := get_close_matches(name, WAYS, n=1)):
                raise UserError(f"{name}: no such file; did you mean {meant[0]}?", where=option)
            files.append(value)
        elif domain in ways:
            raise UserError(
                f"negatives {f'of domain {domain!r} ' if domain else ''}are to be {ways[domain]} and {name}",
                where=option,
            )
        else:
            ways[domain] = name
    if "" in ways and len(ways) > 1:
        raise UserError("either one way is given for all domains, or DOMAIN=WAY for each", where=option)
    return files_by_domain(files, option), ways.get("", ways) or None


def tracks_argument(values: Sequence[str]) -> dict[str, dict[str, list[Path]]]:
    """Return the files of each domain of each track, of ``NAME:DOMAIN=FILE`` or ``...=PLUS,MINUS`` arguments.

    Raises
    ------
    UserError
        For an argument of another form, a file that is not there, or two for one track and domain.
    """
    option = "--track"
    tracks: dict[str, dict[str, list[Path]]] = {}
    for value in values:
        track, domain, names = _placed(value, option, "FILE or NAME:DOMAIN=PLUS,MINUS", "dnase:K562=K562.bw")
        if domain in tracks.setdefault(track, {}):
            raise _given_twice(f"{track}:{domain}", tracks[track][domain], names)
        tracks[track][domain] = _strands(names, option)
    return tracks


def profiles_argument(values: Sequence[str]) -> dict[str, dict[str, list[list[Path]]]]:
    """Return the replicates of each domain of each profile, of ``NAME:DOMAIN=FILE`` or ``...=PLUS,MINUS`` arguments.

    Raises
    ------
    UserError
        For an argument of another form, or a file that is not there.
    """
    option = "--profile"
    profiles: dict[str, dict[str, list[list[Path]]]] = {}
    for value in values:
        task, domain, names = _placed(value, option, "FILE or NAME:DOMAIN=PLUS,MINUS", "tss:yeast=plus.bw,minus.bw")
        profiles.setdefault(task, {}).setdefault(domain, []).append(_strands(names, option))
    return profiles


def _placed(value: str, option: str, form: str, example: str) -> tuple[str, str, str]:
    """Return name, domain and what stands behind them."""
    place, equals, given = value.partition("=")
    name, colon, domain = place.partition(":")
    if not (name and colon and domain and equals and given):
        raise UserError(f"{value!r} is not NAME:DOMAIN={form}", where=option, fix=f"For example {option} {example}")
    return name, domain, given


def _strands(names: str, option: str) -> list[Path]:
    return [existing(Path(name), option) for name in names.split(",")]


def _given_twice(what: str, before: Sequence[Path], names: str) -> UserError:
    return UserError(
        f"{what} has two files: {','.join(map(str, before))} and {names}",
        where="--track",
        fix="Two strands are given at once: PLUS.bw,MINUS.bw.",
    )


def files_by_track(values: Sequence[str]) -> dict[str, list[Path]]:
    """Return the files of each track of one cell, of ``NAME=FILE`` or ``NAME=PLUS,MINUS`` arguments.

    Raises
    ------
    UserError
        For an argument of another form, a file that is not there, or two for one track.
    """
    option = "--track"
    tracks: dict[str, list[Path]] = {}
    for value in values:
        track, equals, names = value.partition("=")
        if not (track and equals and names):
            form, example = "NAME=FILE or NAME=PLUS,MINUS", "dnase=cell.bw"
            raise UserError(f"{value!r} is not {form}", where=option, fix=f"For example {option} {example}")
        if track in tracks:
            raise _given_twice(track, tracks[track], names)
        tracks[track] = _strands(names, option)
    return tracks


def rules_argument(values: Sequence[str], option: str = "--track-rule") -> dict[str, str]:
    """Return the rule of each track, or profile, of ``NAME=RULE`` arguments.

    Raises
    ------
    UserError
        For an argument without ``=``.
    """
    return _pairs(values, option, "NAME=RULE", "cuts=flip_and_shift")


def kinds_argument(values: Sequence[str]) -> dict[str, str]:
    """Return the kind of each task of ``TASK=KIND`` arguments.

    Raises
    ------
    UserError
        For an argument without ``=``.
    """
    return _pairs(values, "--kind", "TASK=KIND", "level=regression")


def priors_argument(values: Sequence[str]) -> dict[str, float]:
    """Return the share of positives of each task of ``TASK=SHARE`` arguments.

    Raises
    ------
    UserError
        For an argument without ``=``, or a share that is not between 0 and 1.
    """
    pairs = _pairs(values, "--prior", "TASK=SHARE", "bound=0.01")
    for task, text in pairs.items():
        try:
            is_share = 0 < float(text) < 1
        except ValueError:
            is_share = False
        if not is_share:
            raise UserError(f"{text!r} is no share of {task!r} between 0 and 1", where="--prior")
    return {task: float(text) for task, text in pairs.items()}


def _pairs(values: Sequence[str], option: str, form: str, example: str) -> dict[str, str]:
    for value in values:
        if "=" not in value:
            raise UserError(f"{value!r} is not {form}", where=option, fix=f"For example {option} {example}")
    return dict(value.split("=", 1) for value in values)


def share_argument(value: str, option: str) -> tuple[int, int]:
    """Return which of how many equal shares an argument ``I/N`` means, counted from 1.

    Raises
    ------
    UserError
        For an argument of another form, or a share that there is not.
    """
    number, _, of = value.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise UserError(f"{value!r} is not I/N with I from 1 to N", where=option, fix=f"For example {option} 1/8")
    return int(number), int(of)


def existing(path: Path, option: str) -> Path:
    """Return `path`, or say that there is no such file."""
    if not path.exists():
        raise UserError(f"{path}: no such file", where=option)
    return path


def one_of(value: str, known: Sequence[str], option: str) -> str:
    """Return `value`, or say that it is none of the `known` ones."""
    if value not in known:
        raise UserError(
            f"{value!r} is not known{nearest(value, known)}", where=option, fix=f"Known: {', '.join(known)}."
        )
    return value
