"""The rule of alleles against strings that are cut and joined by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.genome.token_genome import open_genome
from cislearn.sequence.tokens import decode
from cislearn.variants.alleles import allele_windows, before, change_of, reach, read_flanks, why_no_change

BASES = st.text("ACGT", min_size=1, max_size=12)


@pytest.fixture(scope="module")
def long_genome(tmp_path_factory):
    sequence = decode(np.random.default_rng(2).integers(0, 4, 300).astype(np.uint8))
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text(f">c\n{sequence}\n")
    return open_genome(path), sequence


def windows_of(genome, change, length):
    start = np.array([change.start])
    flanks = read_flanks(genome, np.array([0]), start, start + len(change.ref), length)
    return tuple(decode(allele_windows(flanks, [allele])[0]) for allele in (change.ref, change.alt))


@given(position=st.integers(1, 280), size=st.integers(1, 12), alt=BASES, length=st.integers(12, 41))
def test_windows_are_those_of_the_applied_allele(long_genome, position, size, alt, length):
    """The window of ALT is cut from the chromosome with ALT in the place of REF."""
    genome, sequence = long_genome
    ref = sequence[position - 1 : position - 1 + size]
    if ref == alt:
        return
    change = change_of(position, ref, alt)
    first, last = reach(change, length)
    applied = sequence[: position - 1] + alt + sequence[position - 1 + size :]
    if first < 0 or last > len(sequence):
        return
    ref_window, alt_window = windows_of(genome, change, length)
    left = [change.start - (length // 2 - len(allele) // 2) for allele in (change.ref, change.alt)]
    assert ref_window == sequence[left[0] : left[0] + length]
    assert alt_window == applied[left[1] : left[1] + length]
    assert first == min(left) and last >= left[0] + length


@given(position=st.integers(1, 250), ref=BASES, alt=BASES)
def test_a_change_says_the_same_as_the_record(position, ref, alt):
    """Applied to any chromosome; and nothing that is equal is left at either end."""
    if ref == alt:
        return
    change = change_of(position, ref.lower(), alt)
    chromosome = "C" * (position - 1) + ref + "G" * 20
    stop = change.start + len(change.ref)
    assert chromosome[change.start : stop] == change.ref
    assert chromosome[: change.start] + change.alt + chromosome[stop:] == "C" * (position - 1) + alt + "G" * 20
    if change.ref and change.alt:
        assert change.ref[0] != change.alt[0] and change.ref[-1] != change.alt[-1]


def test_a_substitution_stands_where_a_summit_does(long_genome):
    genome, sequence = long_genome
    for length in (20, 21):
        ref, alt = windows_of(genome, change_of(101, sequence[100], "N"), length)
        assert ref == sequence[100 - length // 2 :][:length]
        assert alt == ref[: length // 2] + "N" + ref[length // 2 + 1 :]


@given(bases=st.integers(0, 40), length=st.integers(1, 60))
def test_an_allele_stands_in_the_middle_of_its_window(bases, length):
    """So that both strands have the same flanks: exactly where they can be equal, else to a base."""
    left = before(bases, length)
    assert abs(left - (length - bases - left)) == (length - bases) % 2


@pytest.mark.parametrize(
    ("ref", "alt", "said"),
    [
        ("A", "<DEL>", "symbolic"),
        ("C", "C<ctg1>", "symbolic"),
        ("A", "*", "deletion nearby"),
        ("A", ".", "no other allele"),
        ("A", "G]17:198982]", "breakend"),
        ("A", "a", "REF = ALT"),
        ("A", "AN", "not known"),
        ("R", "A", "not known"),
        ("A", "G", ""),
    ],
)
def test_why_alleles_are_no_change(ref, alt, said):
    told = why_no_change(ref, alt)
    assert said in told and bool(told) == bool(said)
