"""``cislearn predict --promoters``: a matrix of new promoters under new conditions."""

from __future__ import annotations

from pathlib import Path

from cislearn.atomic import remove_left_behind
from cislearn.cli.arguments import existing
from cislearn.cli.show import console
from cislearn.engine.devices import choose_device
from cislearn.errors import UserError
from cislearn.experiment.expression import predict_new
from cislearn.tables import check_table_name, write_table


def predict_matrix(run: Path, promoters: Path, conditions: Path | None, out: Path | None, device: str) -> None:
    """Write what a run of `express` says of promoters under conditions, and tell what was missing.

    Raises
    ------
    UserError
        Where the conditions or the file to be are not given; for what `predict_new` refuses.
    """
    if conditions is None:
        raise UserError("needs the conditions", where="--promoters", fix="Give --conditions, a table of log ratios.")
    if out is None:
        raise UserError("needs the table to be", where="--promoters", fix="Give --out matrix.tsv.")
    check_table_name(out)
    chosen = choose_device(device)  # type: ignore[arg-type]
    table, wanted = predict_new(
        run, existing(promoters, "--promoters"), existing(conditions, "--conditions"), chosen.torch
    )
    remove_left_behind(out.parent, out.name)
    write_table(out, table)
    print_ = console().print
    for note in wanted.notes:
        print_(f"  {note}")
    print_(f"{len(wanted.genes):,} genes in {len(wanted.conditions):,} conditions -> {out}")
