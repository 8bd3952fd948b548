"""``cislearn predict --input``: a row out for each row of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

from cislearn.cli.arguments import existing
from cislearn.cli.loaded import load
from cislearn.cli.progress import Steps
from cislearn.cli.show import console
from cislearn.errors import UserError
from cislearn.prediction.calls import Calls
from cislearn.prediction.files import check_output, predict_pieces, refuse_replacing, write_predictions
from cislearn.prediction.genome_profiles import profiles_on_genome
from cislearn.prediction.loading import load_prevalences
from cislearn.schema import DataSpec


def predict_file(
    run: Path,
    source: Path | None,
    out: Path | None,
    *,
    genome: Path | None,
    tracks: Mapping[str, Sequence[Path]],
    bigwig: Path | None,
    calls: Path | None,
    merge_calls: bool,
    priors: Mapping[str, float],
    method: str | None,
    reverse_complement: str | None,
    strands: bool,
    device: str,
) -> None:
    """Score each row; write calls and profiles where they are asked for, and tell what could not be scored.

    Raises
    ------
    UserError
        Where a file is not given or is not there, and for what `predict_pieces` refuses.
    """
    if calls is None and (priors or merge_calls):
        raise UserError("--prior and --merge-calls are for --calls, which is not given", fix="Give --calls calls.bed.")
    if source is None or out is None:
        raise UserError("give --input and --out, or --tile with --genome and --bigwig", where="cislearn predict")
    inputs = [existing(source, "--input"), genome, *chain.from_iterable(tracks.values())]
    check_output(out, inputs)
    if calls is not None:
        refuse_replacing(calls, [*inputs, out], "--calls")
    models = load(run, method, reverse_complement, device)
    spec: DataSpec = models.members[0].spec  # type: ignore[assignment]
    called = None
    if calls is not None:
        prevalences = load_prevalences(run, method)
        called = Calls(calls, spec, models.thresholds, priors, prevalences, is_merged=merge_calls)
    with nullcontext() if bigwig is None else profiles_on_genome(bigwig, spec, genome) as profiles:
        pieces = predict_pieces(
            models.members,
            source,
            genome=genome,
            tracks=tracks,
            temperatures=models.temperatures,
            thresholds=models.thresholds,
            strands=strands,
            device=models.device,
            profiles=profiles,
            progress=Steps(),
        )
        rows_by_reason = write_predictions(pieces if called is None else called.heard(pieces), out, spec)
    print_ = console().print
    print_(f"{rows_by_reason['']:,} of {rows_by_reason.total():,} rows scored -> {out}")
    if called is not None:
        print_(f"{called.write():,} calls -> {calls}")
    if bigwig is not None:
        print_(f"profiles -> {bigwig}")
    del rows_by_reason[""]
    for reason, n in rows_by_reason.most_common(5):
        print_(f"  {n:,} not scored: {reason}")
