"""``cislearn simulate``: the simulated benchmark as a dataset folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    out: Annotated[Path, typer.Option(help="The dataset folder to be.")],
    family: Annotated[
        str,
        typer.Option(
            help="What differs: composition, cofactor, mixed, label, none, conditional, openness or profiles."
        ),
    ] = "mixed",
    severity: Annotated[float, typer.Option(help="How much, from 0 to 1.", min=0, max=1)] = 1.0,
    source: Annotated[list[str] | None, typer.Option(help="Source cell; may be given several times.")] = None,
    target: Annotated[str, typer.Option(help="Target cell.")] = "hep",
    length: Annotated[int | None, typer.Option(help="Window length in bp; by default 101, of profiles 546.")] = None,
    n_train: Annotated[int, typer.Option(help="Training windows a cell, a tenth of them for validation.")] = 20_000,
    n_test: Annotated[int, typer.Option(help="Test windows a cell.")] = 4_000,
    bias: Annotated[float, typer.Option(help="Of profiles: how much words of three bases bend all counts.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace a dataset that is there.")] = False,
) -> None:
    """Simulate binding in several cell types under a known shift, with the planted motifs as ground truth."""
    from cislearn.cli.show import console
    from cislearn.data.simulate import simulate as draw
    from cislearn.data.simulate import write_simulated

    simulated = draw(
        family,
        severity=severity,
        sources=tuple(source or ["ery"]),
        target=target,
        length=length,
        n_train=n_train,
        n_test=n_test,
        bias=bias,
        seed=seed,
    )
    data = write_simulated(out, simulated, overwrite=overwrite)
    console().print(
        f"{len(data):,} windows of {data.spec.length} bp in {out}\n"
        f"next: cislearn train --data {out} --target {target}{' --set model.encoder=bpnet' if data.profiles else ''}"
    )
