"""``cislearn embed``: vectors of words of k bases from the windows of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def embed(
    data: Annotated[Path, typer.Argument(help="A dataset folder; its labels are not read.")],
    out: Annotated[Path, typer.Option(help="The folder of the vectors to be.")],
    k: Annotated[list[int] | None, typer.Option("-k", help="Bases of a word, 3; may be given several times.")] = None,
    dim: Annotated[int, typer.Option(help="Length of a vector.")] = 16,
    window: Annotated[int, typer.Option(help="Words on either side that a word is guessed from.")] = 4,
    stride: Annotated[int, typer.Option(help="Bases between these words; k, and they share none.")] = 1,
    negatives: Annotated[int, typer.Option(help="Words drawn against each that is there.")] = 5,
    batch: Annotated[int, typer.Option(help="Words guessed in a step; 16 as published.")] = 256,
    steps: Annotated[int, typer.Option(help="How many, for each k.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace vectors that are there.")] = False,
) -> None:
    """Learn vectors of the words of k bases from windows alone, for `model.input: kmers` (word2vec)."""
    from cislearn.cli.progress import Steps
    from cislearn.cli.show import console
    from cislearn.kmers.learning import train_kmer_embedding
    from cislearn.reports.vectors import write_vectors_page

    train_kmer_embedding(
        data,
        k=k or 3,
        out=out,
        overwrite=overwrite,
        progress=Steps(),
        dim=dim,
        window=window,
        stride=stride,
        negatives=negatives,
        batch=batch,
        steps=steps,
        seed=seed,
    )
    page = write_vectors_page(out)
    console().print(
        f"vectors in {out}, what they show in {page}\n"
        f'next: cislearn train --data {data} --set "model.input={{name: kmers, vectors: {out}}}"'
    )
