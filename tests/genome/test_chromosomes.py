"""Names of chromosomes, with and without chr."""

from __future__ import annotations

import pytest

from cislearn.errors import UserError
from cislearn.genome.chromosomes import map_chromosomes, some_names

UCSC = {"chr1": 100, "chr2": 90, "chrX": 80, "chrM": 16}
ENSEMBL = {"1": 100, "2": 90, "X": 80, "MT": 16}


def test_known_names_stay_without_a_note():
    assert map_chromosomes(["chr2", "chr1", "chr2"], UCSC, where="x.bed") == ({"chr2": "chr2", "chr1": "chr1"}, None)


@pytest.mark.parametrize(("file", "genome"), [(ENSEMBL, UCSC), (UCSC, ENSEMBL)])
def test_chr_is_added_or_taken_off_and_both_mitochondria_are_one(file, genome):
    mapping, note = map_chromosomes(file, genome, where="x.bed")
    assert mapping == dict(zip(file, genome, strict=True))
    first, known = next(iter(mapping.items()))
    assert note.startswith(f"chromosomes renamed to match the genome: {first} -> {known}, ")
    assert note.endswith("... (4 in all)")


def test_only_what_plain_naming_cannot_is_renamed_and_strangers_are_left_out():
    mapping, note = map_chromosomes(["chr1", "2", "Chr2", "chrUn_9"], UCSC, where="x.bed")
    assert mapping == {"chr1": "chr1", "2": "chr2", "Chr2": "chr2"}
    assert note == "chromosomes renamed to match the genome: 2 -> chr2, Chr2 -> chr2"


def test_a_genome_with_both_styles_is_never_guessed_at():
    mapping, note = map_chromosomes(["Chr1", "chr1"], {"1": 10, "chr1": 10}, where="x.bed")
    assert (mapping, note) == ({"chr1": "chr1"}, None)


def test_no_match_at_all_shows_both_styles():
    with pytest.raises(UserError) as error:
        map_chromosomes(["NC_000001.11", "NC_000002.12"], UCSC, where="x.bed")
    assert str(error.value).startswith(
        "x.bed: no chromosome is in the genome: the file has NC_000001.11, NC_000002.12; "
        "the genome has chr1, chr2, chrX ... (4 in all)"
    )
    assert "Give the genome that the regions were made on" in str(error.value)


def test_no_names_are_no_error():
    assert map_chromosomes([], UCSC, where="x.bed") == ({}, None)
    assert some_names(["a", "b"]) == "a, b"
