"""Small files and folders with the names that the pages of the documentation use, each made once and copied.

What a file holds is drawn at random: the commands of the pages are run on it, and no number is looked at.
"""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import h5py
import numpy as np

from cislearn.data.expression.series import gasch_series
from cislearn.data.simulate import simulate, write_simulated
from cislearn.motifs.jaspar import jaspar
from cislearn.motifs.writing import write_meme
from cislearn.studies.windows import CELLS, OTHERS
from tests.data.examples import random_sequence
from tests.forked import run_forked
from tests.genome.tracks import random_signal, write_bigwig
from tests.studies.yeast_files import write_yeast

CHROMOSOMES = [*(f"chr{k}" for k in range(1, 10)), "chrY"]
SIZE = 12_000
GENES = ["YMR037C", "YKL062W", *(f"YAL{k:03}C" for k in range(28))]
CONDITIONS = sorted({"Heat Shock 15 minutes hs-1", *gasch_series()["condition"][::6]})

PATIENCE = 1200.0
"""Seconds that no line may take: half a minute is enough on a machine that does nothing else."""
SHORTER = {
    ("cislearn", "train"): "--set training.epochs=1 --set training.seeds=[0,1] --set battery=false",
    ("cislearn", "study", "FOLDER"): "--plan",
    ("cislearn", "search"): "--trials 2 --set training.epochs=1 --set training.seeds=[0]",
    ("cislearn", "express"): "--epochs 1",
    ("cislearn", "promoters"): "--n-references 2",
    ("cislearn", "embed"): "--steps 50",
    ("cislearn", "simulate"): "--n-train 200 --n-test 60",
    ("cislearn", "variants", "--vcf"): "--n-null 30",
    ("cislearn", "variants", "--region"): "--region chr1:2001-2021",
}
"""What is added to each command of any page that has these words, so that it takes seconds on small files."""


def shorter(line: str) -> list[str]:
    """Return the words of a command with what makes it short behind them; the last of an option counts."""
    words = shlex.split(line, comments=True)
    return words + [word for these, more in SHORTER.items() if set(these) <= set(words) for word in shlex.split(more)]


def run_line(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in a folder, shortened; a program other than ours is that of this environment."""
    program, *arguments = shorter(line)
    variables = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    if program == "cislearn":
        return run_forked(arguments, folder, variables, PATIENCE)
    command = [Path(sys.executable).with_name(program), *arguments]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Store:
    """The folder in which everything that a page may name is made, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, names: list[str], world: Path) -> None:
        """Copy these things to where the commands of a page are run."""
        for name in names:
            there, here = self._made(name), world / name
            here.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if there.is_dir() else shutil.copy)(there, here)

    def _made(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in FILES:
                FILES[name](path)
            else:
                line = COMMANDS[name]
                for word in re.split("[ =,:]", line):
                    if word != name and word in FILES | COMMANDS:
                        self._made(word)
                done = run_line(line, self.folder)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return path


def _draw(path: Path) -> np.random.Generator:
    """Return draws that depend on the name of a file alone."""
    return np.random.default_rng(list(path.name.encode()))


def _write(path: Path, text: str) -> None:
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def _bases() -> dict[str, str]:
    """Return the chromosomes of the one genome that there is."""
    rng = np.random.default_rng(0)
    return {chrom: random_sequence(rng, SIZE) for chrom in CHROMOSOMES}


def _genome(path: Path) -> None:
    _write(path, "".join(f">{chrom}\n{bases}\n" for chrom, bases in _bases().items()))


def _regions(path: Path) -> list[tuple[str, int, int]]:
    """Return eight regions of 150 bp on each chromosome, 1200 bp from its ends and 300 bp or more from each other."""
    rng = _draw(path)
    starts = [1200 + 1200 * k + int(rng.integers(0, 900)) for k in range(8)]
    return [(chrom, start, start + 150) for chrom in CHROMOSOMES for start in starts]


def _bed(path: Path) -> None:
    _write(path, "".join(f"{chrom}\t{start}\t{end}\n" for chrom, start, end in _regions(path)))


def _narrow_peak(path: Path) -> None:
    rows = [(*place, f"peak_{k}", 100, ".", 5.0, 3.0, 2.0, 70) for k, place in enumerate(_regions(path))]
    _write(path, "".join("\t".join(map(str, row)) + "\n" for row in rows))


def _gene_starts(path: Path) -> None:
    places = _regions(path)
    names = [*GENES, *(f"not_measured_{k}" for k in range(len(places) - len(GENES)))]
    genes = zip(places, names, strict=True)
    rows = [(chrom, start, start + 1, gene, 0, "+-"[start % 2]) for (chrom, start, _), gene in genes]
    _write(path, "".join("\t".join(map(str, row)) + "\n" for row in rows))


def _coverage(path: Path) -> None:
    write_bigwig(path, {chrom: random_signal(_draw(path), SIZE) for chrom in CHROMOSOMES})


def _counts(path: Path) -> None:
    rng = _draw(path)
    write_bigwig(path, {chrom: rng.poisson(0.3, SIZE).astype(float) for chrom in CHROMOSOMES})


def _fasta(path: Path, length: int = 200, n: int = 60) -> None:
    rng = _draw(path)
    _write(path, "".join(f">window_{k}\n{random_sequence(rng, length)}\n" for k in range(n)))


def _variants(path: Path) -> None:
    bases = _bases()["chr1"]
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for at in range(2000, 10_000, 400):
        ref = bases[at - 1]
        lines.append(f"chr1\t{at}\t.\t{ref}\t{'ACGT'['ACGT'.index(ref) ^ 2]}\t.\t.\t.")
    _write(path, "\n".join(lines) + "\n")


def _cells(*cells: str) -> Callable[[Path], None]:
    return lambda path: _write(path, "".join(f"{cell}\t{cell}.bed\n" for cell in cells))


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: _write(path, text)


def _hdf5(path: Path) -> None:
    rng = _draw(path)
    with h5py.File(path, "w") as file:
        file["target_labels"] = np.array([b"heart", b"liver"])
        for part, n in (("train", 30), ("valid", 8), ("test", 8)):
            file[f"{part}_in"] = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (n, 40))].transpose(0, 2, 1)[:, :, None]
            file[f"{part}_out"] = rng.integers(0, 2, (n, 2))


def _matrix(path: Path) -> None:
    rng = _draw(path)
    rows = [(gene, *(f"{value:.2f}" for value in rng.normal(size=len(CONDITIONS)))) for gene in GENES]
    _write(path, "".join("\t".join(row) + "\n" for row in [("UID", *CONDITIONS), *rows]))


def _promoters(path: Path) -> None:
    rng = _draw(path)
    _write(path, "".join(f"{gene}\t{random_sequence(rng, 1000)}\n" for gene in GENES))


def _targets(path: Path) -> None:
    pairs = [(regulator, gene) for k, regulator in enumerate(GENES[:2]) for gene in GENES[10 + 10 * k : 20 + 10 * k]]
    _write(path, "".join(f"{regulator}\t{gene}\n" for regulator, gene in [("regulator", "gene"), *pairs]))


def _attributions(path: Path) -> None:
    rng = _draw(path)
    path.mkdir()
    for name, values in {
        "ohe": np.eye(4, dtype=np.float32)[rng.integers(0, 4, (60, 100))].transpose(0, 2, 1),
        "hypothetical": rng.normal(size=(60, 4, 100)).astype(np.float32),
    }.items():
        np.savez(path / f"{name}.npz", values)


def _dann_tf(path: Path) -> None:
    """Write forty windows of GABP in each cell type, as many negatives on one chromosome, and the table of all."""
    rng = _draw(path)
    columns = [f"{factor}_{cell}" for factor in ("GABP", *OTHERS) for cell in CELLS]
    table = [("chrom", "start", "end", "sequence", *columns)]
    starts = count(step=3_000_000)  # so that no two are of one block
    for cell in CELLS:
        folder = path / "dann_tf" / cell
        folder.mkdir(parents=True)
        for name, chroms in {"GABP": CHROMOSOMES[1:], "GABP_back": CHROMOSOMES[:1], "others": CHROMOSOMES[1:]}.items():
            places = [(chroms[n % len(chroms)], next(starts)) for n in range(40)]
            windows = [(chrom, start, start + 101, random_sequence(rng, 101)) for chrom, start in places]
            if name == "others":
                bound = [str(int(column == f"JunD_{cell}")) for column in columns]
                table += [(*map(str, window), *bound) for window in windows]
            else:
                lines = [f">{chrom}:{start}-{end}\n{bases}\n" for chrom, start, end, bases in windows]
                _write(folder / f"{name}.fasta.gz", "".join(lines))
    _write(path / "dann_tf" / "multitask_windows.tsv.gz", "".join("\t".join(row) + "\n" for row in table))


def _yeast(path: Path) -> None:
    path.mkdir()
    write_yeast(path)


FILES: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys(("hg38.fa.gz", "hg19.fa.gz", "sacCer3.fa", "sacCer3.fa.gz"), _genome),
    **dict.fromkeys(("k562.narrowPeak.gz", "hepg2.narrowPeak.gz", "liver.narrowPeak.gz"), _narrow_peak),
    **dict.fromkeys(("liver_atac.bed", "heart_atac.bed", "heart.bed", "liver.bed", "mine.bed"), _bed),
    **dict.fromkeys(("k562.bw", "hepg2.bw", "liver.bw", "heart.bw"), _coverage),
    **dict.fromkeys((f"wt_{k}.{strand}.bw" for k in (1, 2) for strand in ("plus", "minus")), _counts),
    **dict.fromkeys(("windows.fa", "JunD.fasta.gz", "JunD_back.fasta.gz"), _fasta),
    "starts.bed": _gene_starts,
    "liver.vcf.gz": _variants,
    "targets.tsv": _cells("heart", "liver"),
    "mine.tsv": _cells("mine"),
    "encode_roadmap.h5": _hdf5,
    **dict.fromkeys(("matrix.tsv", "table.tsv"), _matrix),
    **dict.fromkeys(("promoters.tsv", "new.tsv"), _promoters),
    "names.txt": _text("".join(f"{gene}\n" for gene in GENES[:8])),
    "yeastract.tsv": _targets,
    "fungi.meme": lambda path: write_meme(path, [jaspar("MA0035.5")]),
    "attributions": _attributions,
    "DATA": _yeast,
    "FOLDER": _dann_tf,
    "data/simulated": lambda path: write_simulated(path, simulate(n_train=200, n_test=60, seed=1)),
    "few.yaml": _text("data: {path: data/simulated}\nmethods: [supervised]\n"),
    "experiment.yaml": _text("data: {path: data/simulated, target: hep}\nmethods: [source_only]\n"),
}
"""What writes each file or folder of data."""

FOXA1 = "cislearn prepare --genome hg38.fa.gz --length 200 --negatives gc-matched --task FOXA1"
COMMANDS = {
    "data/foxa1": f"{FOXA1} --peaks K562=k562.narrowPeak.gz --peaks HepG2=hepg2.narrowPeak.gz "
    "--unlabelled liver=liver_atac.bed --out data/foxa1",
    "data/foxa1_measured_later": f"{FOXA1} --peaks liver=liver.narrowPeak.gz --out data/foxa1_measured_later",
    "data/foxa1_other_negatives": "cislearn prepare --genome hg38.fa.gz --length 200 --task FOXA1 "
    "--peaks HepG2=hepg2.narrowPeak.gz --negatives shuffled --out data/foxa1_other_negatives",
    "data/yeast": "cislearn prepare --expression matrix.tsv --promoters promoters.tsv --regulators names.txt "
    "--out data/yeast",
    "runs/foxa1": "cislearn train --data data/foxa1 --target HepG2 --out runs/foxa1",
    "runs/simulated": "cislearn train --data data/simulated --target hep --out runs/simulated",
    **{
        f"runs/seed{k}": f"cislearn express data/yeast --network two_layers --seed {k} --out runs/seed{k}"
        for k in range(3)
    },
}
"""What is made by a command of ours of other things that stand here."""
