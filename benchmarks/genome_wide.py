"""`predict --tile`, from FASTA to a bigWig file on disk, against plain forward passes of the same models."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import compare, interleave
from benchmarks.prediction import CHILD, LIMIT, Case, Limit, Material
from benchmarks.results import Result, keep
from benchmarks.synthetic import CHROMOSOMES, write_genome
from cislearn.genome.tiling import Tiling

VERB = "predict --tile"
CASES = (Case(101, 1, 200_000), Case(600, 1, 40_000))


class Tiles:
    """The verb on one chromosome, in a process of its own: scored, kept in pieces, merged and written."""

    def __init__(self, material: Material, bases: int) -> None:
        self.material, self.folder = material, material.genome.with_name("tiles")
        self.step = material.case.length // 10
        self.n_tiles = len(Tiling.of({"chr1": bases}, material.case.length, self.step))
        self.peak_mb = 0.0

    def __call__(self) -> float:
        """Return tiles a second without start-up, and keep the peak of the memory."""
        shutil.rmtree(self.folder, ignore_errors=True)
        m = self.material
        arguments = ["predict", m.runs, "--tile", "--genome", m.genome, "--chromosome", "chr1", "--step", self.step]
        child = subprocess.run(
            [sys.executable, "-c", CHILD, *map(str, [*arguments, "--bigwig", self.folder, "--device", "cpu"])],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds, peak = map(float, child.stdout.split()[-2:])
        self.peak_mb = max(self.peak_mb, peak)
        return self.n_tiles / seconds


def rows_of(folder: Path, case: Case, rounds: int) -> list[dict[str, Any]]:
    """Tiles a second of one model beside its own limit; the case's regions are the tiles, about."""
    tiles = case.regions * (case.length // 10)
    chromosomes = write_genome(folder / "genome.fa", CHROMOSOMES * tiles)
    shutil.rmtree(folder / "genome.fa.cislearn", ignore_errors=True)
    material = Material(folder, chromosomes, Case(case.length, case.members, 1, case.options))
    limit, verb = Limit(material), Tiles(material, chromosomes["chr1"])
    rates = interleave({LIMIT: limit, VERB: verb}, rounds)
    shared = {"bp": case.length, "members": case.members, "step": verb.step, "tiles": verb.n_tiles}
    return [
        {**shared, **row, "peak MB": round(verb.peak_mb) if row["what"] == VERB else None}
        for row in compare(rates, LIMIT, unit="windows/s")
    ]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.genome_wide", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of the tiles of each case, for a quick look")
    parser.add_argument("--show", action="store_true", help="print the rows and keep nothing")
    given = parser.parse_args()
    rows = list[dict[str, Any]]()
    for case in CASES:
        wanted = Case(case.length, case.members, int(case.regions * given.share))
        with tempfile.TemporaryDirectory() as temporary:
            rows += rows_of(Path(temporary), wanted, given.rounds)
    if given.show:
        print(*rows, sep="\n")
        return
    text = (
        "`cislearn predict --tile` with `motif_cnn` on one chromosome, from FASTA (indexed before) to a bigWig file: "
        "scored, kept in pieces, merged, written. A window is one tile; limit and threads as for the verb with regions."
    )
    keep([Result("genome_wide", "Whole genomes against forward passes", text, rows)], "genome_wide")


if __name__ == "__main__":
    main()
