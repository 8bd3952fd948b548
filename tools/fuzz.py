"""Parsers given files that are a little wrong: nothing but `UserError` may come out, and nothing wrong may come in.

``python tools/fuzz.py --n 1000000`` shares a million inputs among the parsers; each fault is printed with the seed that
makes it again (``--only vcf --first 123 --n 1``).
"""

from __future__ import annotations

import argparse
import gzip
import math
import random
import re
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cislearn.errors import UserError
from cislearn.experiment.reading import read_config
from cislearn.genome.fasta import read_fasta
from cislearn.genome.intervals import read_intervals
from cislearn.motifs.meme import read_meme
from cislearn.variants.alleles import change_of, why_no_change
from cislearn.variants.vcf import read_records, split_alleles

SLOW = 5.0
"""Seconds that no input may take."""
BITS = [
    b"", b"\t", b" ", b"\n", b"\r\n", b"\r", b"\0", b"0", b"-1", b"1e9", b"nan", b"inf", b"-inf", b"1_0",
    b"99999999999999999999", b".", b",", b"+", b"-", b">", b"<", b"#", b"##", b":", b"[", b"]", b"{", b"}", b"&a",
    b"*a", b"!!float", b"'", b'"', b"N", b"*", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd9\xa7", b"\xe2\x80\xa8", b"\x0b",
    b"\x1c", b"\x85", b"2001-99-99", b"~", b"%", b"\x1f\x8b",
]  # fmt: skip
"""What is put into a file: separators, numbers that are none, signs with a meaning, bytes that are no text."""


class Parser(NamedTuple):
    """One format: files that are right, what reads them, and what must hold of all that it lets in."""

    name: str
    seeds: list[bytes]
    read: Callable[[Path], Any]
    check: Callable[[Any], None]


def mutated(seed: bytes, draw: random.Random) -> bytes:
    """Return the file with a few bytes changed, cut, moved or put in; sometimes packed, and cut after that."""
    content = bytearray(seed)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at, size = draw.randint(0, len(content)), draw.choice((0, 1, 1, 2, 5, 20))
        kind = draw.randrange(5)
        if kind == 0:
            content[at : at + size] = draw.choice(BITS)
        elif kind == 1:
            content[at : at + size] = draw.randbytes(size)
        elif kind == 2:
            del content[at : at + size if draw.random() < 0.8 else None]
        elif kind == 3:
            lines = content.split(b"\n")
            first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            content = bytearray(b"\n".join(lines))
        else:
            fields = re.split(rb"([\t\n :,]+)", bytes(content))
            fields[draw.randrange(len(fields))] = draw.choice(BITS)
            content = bytearray(b"".join(fields))
    if draw.random() < 0.05:
        content = bytearray(gzip.compress(bytes(content), 1))
        if draw.random() < 0.5:
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        if draw.random() < 0.3:
            del content[draw.randrange(len(content)) :]
    return bytes(content)


def check_fasta(records: list) -> None:
    """Each record has a name and bases."""
    for record in records:
        assert record.name and len(record.tokens) and record.tokens.max() <= 4


def check_intervals(table: Any) -> None:
    """Regions are named, have a length, and hold their summits."""
    assert len(table)
    assert ((table["start"] >= 0) & (table["start"] < table["end"])).all()
    assert table["strand"].isin(["+", "-", "."]).all()
    assert (table["chrom"].str.strip() == table["chrom"]).all() and (table["chrom"] != "").all()
    has = table["summit"] >= 0
    assert (~has | ((table["summit"] >= table["start"]) & (table["summit"] <= table["end"]))).all()
    assert not table["score"].isin([math.inf, -math.inf]).any()


def check_variants(pieces: list) -> None:
    """Alleles are bases or told to be none, and a change is one."""
    for row in split_alleles(record for piece in pieces for record in piece).itertuples():
        assert row.pos >= 1 and row.chrom and re.fullmatch("[A-Za-z]+", row.ref)
        if not why_no_change(row.ref, row.alt):
            change = change_of(row.pos, row.ref, row.alt)
            assert change.ref != change.alt and set(change.ref + change.alt) <= set("ACGT")


def check_motifs(motifs: list) -> None:
    """Probabilities are some, and of a number of sites."""
    for motif in motifs:
        assert motif.width and motif.identifier
        assert abs(motif.probabilities.sum(axis=0) - 1).max() < 1e-9 and (motif.probabilities >= 0).all()
        assert 0 < motif.n_sites < math.inf


def check_config(config: Any) -> None:
    """It can be written as JSON, and is read back as what it was."""
    assert type(config).model_validate_json(config.model_dump_json()) == config


VCF = b"""##fileformat=VCFv4.2
##INFO=<ID=DP,Number=1,Type=Integer,Description="d">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t204\trs1\tA\tG,<DEL>\t.\tPASS\tDP=3
chr1\t17\t.\tACG\tA\t12.5\t.\t.
chr2\t9\t.\tN\tG]chr1:5]\t.\t.\t.
"""
BED = b"chr1\t10\t20\tone\t3.5\t+\nchr1\t15\t40\ttwo\t.\t-\nchr2\t0\t7\t.\t0\t.\n"
NARROW = b"chr1\t10\t200\tp1\t50\t.\t3.5\t7\t4\t80\nchr2\t0\t70\tp2\t5\t.\t1\t-1\t-1\t-1\n"
MEME = b"""MEME version 4

ALPHABET= ACGT

strands: + -

MOTIF MA1 one
letter-probability matrix: alength= 4 w= 3 nsites= 20 E= 0
0.25 0.25 0.25 0.25
1 0 0 0
 0.1  0.2  0.3  0.4
URL http://x

MOTIF MA2
letter-probability matrix: alength= 4 w= 1
0.5 0.5 0 0
"""
CONFIG = b"""data: {path: data/x, target: liver}
model:
  encoder: {name: motif_cnn, motifs: 64}
  reverse_complement: {train: augment, predict: average}
methods: [source_only, {name: adversarial, weight: 0.5}]
training:
  epochs: 5
  seeds: [0, 1]
  optimiser: {name: adamw, learning_rate: 0.001}
"""
PARSERS = [
    Parser("fasta", [b">a one\nACGT\nNNac\n>b\nGATTACA\n"], lambda path: list(read_fasta(path)), check_fasta),
    Parser("bed", [BED, b"track name=x\n# c\n" + BED.replace(b"\t", b" ")], read_intervals, check_intervals),
    Parser("narrowPeak", [NARROW], read_intervals, check_intervals),
    Parser("vcf", [VCF], lambda path: list(read_records(path, 2)), check_variants),
    Parser("meme", [MEME], read_meme, check_motifs),
    Parser("config", [CONFIG], read_config, check_config),
]


def faults(parser: Parser, seeds: range, folder: Path) -> Iterator[tuple[int, str]]:
    """Yield seed and kind of each input that crashes a parser, holds it up, or comes in although it is wrong."""
    path = folder / f"x.{parser.name}"
    for seed in seeds:
        draw = random.Random(f"{parser.name} {seed}")
        path.write_bytes(mutated(draw.choice(parser.seeds), draw))
        began = time.perf_counter()
        try:
            parser.check(parser.read(path))
        except UserError:
            pass
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            yield seed, f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} {str(error)[:80]}"
        if time.perf_counter() - began > SLOW:
            yield seed, f"took more than {SLOW:g} s"


def main() -> None:
    """Run the parsers and print what is wrong."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--n", type=int, default=6_000, help="inputs in all")
    options.add_argument("--first", type=int, default=0, help="the first seed")
    options.add_argument("--only", choices=[parser.name for parser in PARSERS])
    given = options.parse_args()
    chosen = [parser for parser in PARSERS if given.only in (None, parser.name)]
    n = -(-given.n // len(chosen))
    with tempfile.TemporaryDirectory() as folder:
        for parser in chosen:
            began, kinds = time.perf_counter(), dict[str, int]()
            for seed, kind in faults(parser, range(given.first, given.first + n), Path(folder)):
                kinds.setdefault(kind, seed)
            print(f"{parser.name}: {n:,} inputs in {time.perf_counter() - began:.0f} s, {len(kinds)} kinds of fault")
            for kind, seed in kinds.items():
                print(f"  seed {seed}: {kind}")


if __name__ == "__main__":
    main()
