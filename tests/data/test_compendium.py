"""Many region files to one dataset, each window labelled for all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.compendium import prepare_compendium
from cislearn.data.compendium.cells import read_cells
from cislearn.data.dataset import read_dataset
from cislearn.data.prepare import prepare
from cislearn.errors import UserError
from tests.genome.basset import merge_slowly

from .examples import random_sequence, write_fasta

SIZES = {"chr1": 20_000, "chr2": 9_000, "chrY": 3_000, "chrS": 500}
OPTIONS = {"length": 600, "overlap": 200}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    rng = np.random.default_rng(3)
    texts = {name: random_sequence(rng, size) for name, size in SIZES.items()}
    texts["chr2"] = texts["chr2"][:4000] + "N" * 2000 + texts["chr2"][6000:]
    return write_fasta(tmp_path_factory.mktemp("genome") / "toy.fa", list(texts.values()), list(texts))


def bed(path, rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def some_regions(rng, n, chromosomes=("chr1", "chr2")):
    rows = []
    for _ in range(n):
        chrom = str(rng.choice(chromosomes))
        start = int(rng.integers(0, SIZES[chrom] - 200))
        strand = str(rng.choice(["+", "-", "."]))
        rows.append((chrom, start, start + int(rng.integers(50, 200)), "p", 0, strand))
    return rows


@pytest.fixture
def three(tmp_path, rng):
    """A table of three cells, and their regions."""
    regions = {name: some_regions(rng, 25) for name in ("heart", "liver", "lung")}
    for name, rows in regions.items():
        bed(tmp_path / f"{name}.bed", rows)
    table = tmp_path / "targets.tsv"
    table.write_text("".join(f"{name}\t{name}.bed\n" for name in regions))
    return table, regions


def reference(regions, names):
    """Rows (chrom, strand, start) with their active cells by the plain reference; all of the toy's N left out."""
    found = {}
    for chrom in ("chr1", "chr2", "chrY"):
        for strand in "+-":
            peaks = [
                (row[1], row[2], names.index(name))
                for name, rows in regions.items()
                for row in rows
                if row[0] == chrom and (row[5] == "-") == (strand == "-")
            ]
            for start, active in merge_slowly(peaks, **OPTIONS, size=SIZES[chrom]):
                if not (chrom == "chr2" and start >= 4000 and start + 600 <= 6000):
                    found[chrom, strand, start] = active
    return found


def as_reference(dataset):
    keys = dataset.loci[["chrom", "strand", "start"]].itertuples(index=False, name=None)
    return {key: set(np.flatnonzero(row)) for key, row in zip(keys, dataset.labels, strict=True)}


def test_equal_to_the_reference(tmp_path, genome, three):
    table, regions = three
    dataset = prepare_compendium(tmp_path / "out", cells=table, genome=genome)
    expected = reference(regions, list(regions))
    assert as_reference(dataset) == expected
    assert list(as_reference(dataset)) == sorted(expected, key=lambda key: (key[0], "+-".index(key[1]), key[2]))
    assert [task.name for task in dataset.spec.tasks] == list(regions)
    assert dataset.labels.dtype == np.int8 and set(np.unique(dataset.labels)) == {0, 1}
    assert (dataset.labels.sum(axis=1) > 0).all()
    assert (dataset.loci["end"] - dataset.loci["start"] == 600).all()
    assert dataset.sequences.gather(np.arange(len(dataset))).shape == (len(dataset), 600)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_windows_of_n_alone_are_recorded(tmp_path, genome):
    bed(tmp_path / "a.bed", [("chr2", 4900, 5100), ("chr1", 5000, 5001)])
    (tmp_path / "t.tsv").write_text("a\ta.bed\n")
    dataset = prepare_compendium(tmp_path / "out", cells=tmp_path / "t.tsv", genome=genome)
    assert dataset.loci["start"].tolist() == [4700]
    assert dataset.dropped[["chrom", "start", "reason"]].to_numpy().tolist() == [
        ["chr2", 4700, "no base is known: the window is N only"]
    ]


def test_prevalence_stands_in_its_table_and_in_words(tmp_path, genome, three):
    dataset = prepare_compendium(tmp_path / "out", cells=three[0], genome=genome)
    table = pd.read_csv(tmp_path / "out" / "prevalence.tsv", sep="\t")
    assert table["task"].tolist() == ["heart", "liver", "lung"]
    assert table["active"].tolist() == dataset.labels.sum(axis=0).tolist()
    assert np.allclose(table["share"], dataset.labels.mean(axis=0), rtol=1e-5)
    assert any("prevalence.tsv" in note and "median" in note for note in dataset.provenance["notes"])
    (tmp_path / "out" / "prevalence.tsv").write_text("")  # is one of the files that make a folder whole
    with pytest.raises(UserError, match=r"prevalence\.tsv"):
        read_dataset(tmp_path / "out")


def test_a_folder_of_files_and_a_header(tmp_path, genome, three):
    table, _ = three
    folder = tmp_path / "beds"
    folder.mkdir()
    for name in ("heart", "liver", "lung"):
        (tmp_path / f"{name}.bed").rename(folder / f"{name}.bed")
    (folder / "README.txt").write_text("not a BED\n")
    table.write_text("name\tpath\n# a comment\n\nheart\tbeds/heart.bed\nliver\tbeds/liver.bed\nlung\tbeds/lung.bed\n")
    assert read_cells(folder) == read_cells(table)
    first = prepare_compendium(tmp_path / "a", cells=table, genome=genome)
    assert first.hash == prepare_compendium(tmp_path / "b", cells=folder, genome=genome).hash


def test_the_order_of_cells_changes_nothing_but_their_columns(tmp_path, genome, three):
    table, _ = three
    first = prepare_compendium(tmp_path / "a", cells=table, genome=genome)
    table.write_text("".join(reversed(table.read_text().splitlines(keepends=True))))
    second = prepare_compendium(tmp_path / "b", cells=table, genome=genome)
    assert np.array_equal(first.labels, second.labels[:, ::-1])
    assert np.array_equal(first.loci["start"], second.loci["start"])


def test_chromosomes_that_are_left_out_or_too_short_are_recorded(tmp_path, genome):
    bed(tmp_path / "a.bed", [("chrY", 10, 20), ("chrS", 10, 20), ("1", 4000, 4001), ("chrUn", 1, 2)])
    (tmp_path / "t.tsv").write_text("a\ta.bed\n")
    dataset = prepare_compendium(tmp_path / "out", cells=tmp_path / "t.tsv", genome=genome, without=["chrY"])
    assert dataset.loci["chrom"].tolist() == ["chr1"]
    assert dataset.dropped["reason"].tolist() == [
        "chrY is left out",
        "chrS is shorter than a window",
        "unknown chromosome chrUn",
    ]
    assert dataset.dropped["line"].tolist() == [1, 2, 4]
    assert any("1 -> chr1" in note for note in dataset.provenance["notes"])


def test_cells_are_added_as_basset_adds_them(tmp_path, genome, three, rng):
    """The old windows with their cells are merged with the new regions; the oracle merges the same by hand."""
    old = prepare_compendium(tmp_path / "old", cells=three[0], genome=genome, margin=4)
    new = some_regions(rng, 30)
    bed(tmp_path / "mine.bed", new)
    (tmp_path / "mine.tsv").write_text("mine\tmine.bed\n")
    both = prepare_compendium(tmp_path / "both", cells=tmp_path / "mine.tsv", add=tmp_path / "old")
    assert [task.name for task in both.spec.tasks] == ["heart", "liver", "lung", "mine"]
    regions = {name: [] for name in ("heart", "liver", "lung")} | {"mine": new}
    for (chrom, strand, start), active in as_reference(old).items():
        for cell in active:
            regions[["heart", "liver", "lung"][cell]].append((chrom, start, start + 600, "", 0, strand))
    assert as_reference(both) == reference(regions, list(regions))
    assert both.provenance["options"]["added_to"]["hash"] == old.hash
    assert (both.labels[:, 3] == 1).any() and (both.labels[:, 3] == 0).any()


def test_a_compendium_added_to_itself_under_other_names_has_the_same_windows(tmp_path, genome, three):
    """Windows that were merged overlap less than it takes to merge again."""
    old = prepare_compendium(tmp_path / "old", cells=three[0], genome=genome)
    rows = [
        (row.chrom, row.start, row.end, "", 0, row.strand) for row in old.loci.itertuples() if old.labels[row.Index, 0]
    ]
    bed(tmp_path / "same.bed", rows)
    (tmp_path / "same.tsv").write_text("same\tsame.bed\n")
    both = prepare_compendium(tmp_path / "both", cells=tmp_path / "same.tsv", add=tmp_path / "old")
    assert np.array_equal(both.loci["start"], old.loci["start"])
    assert np.array_equal(both.labels[:, :3], old.labels)
    assert np.array_equal(both.labels[:, 3], old.labels[:, 0])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a\n", "line 1: has 1 columns"),
        ("heart\theart.bed\nliver heart.bed\n", "line 2: has 1 columns"),
        ("heart\theart.bed\nliver\tnowhere.bed\n", "line 2: there is no file"),
        ("heart\theart.bed\nheart\tliver.bed\n", "line 2: 'heart' is there twice"),
        ("heart\theart.bed\textra\n", "has 3 columns"),
        ("# nothing\n", "holds no line"),
        ("name\tpath\n", "holds no line"),
    ],
)
def test_a_bad_table_of_cells(tmp_path, three, content, said):
    three[0].write_text(content)
    with pytest.raises(UserError) as error:
        read_cells(three[0])
    assert said in str(error.value) and "targets.tsv" in str(error.value)


def test_an_empty_folder_of_cells(tmp_path):
    (tmp_path / "beds").mkdir()
    with pytest.raises(UserError, match="holds no BED"):
        read_cells(tmp_path / "beds")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("chr1", 10, 20), ("chr1", 25_000, 25_100)], "line 2: end 25,100 is past the end of chr1 (20,000 bp in toy)"),
        ([("chrA", 10, 20), ("chrB", 1, 2)], "no chromosome is in the genome"),
        ([("chrS", 10, 20)], "line 1: no region of heart is left: 1 were left out, the first because: chrS is shorter"),
        ([("chr1", 30, 20)], "line 1: start 30 is not before end 20"),
    ],
)
def test_a_bed_of_another_build_is_refused(tmp_path, genome, three, rows, said):
    bed(tmp_path / "heart.bed", rows)
    with pytest.raises(UserError) as error:
        prepare_compendium(tmp_path / "out", cells=three[0], genome=genome)
    assert said in str(error.value) and "heart.bed" in str(error.value)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_region_past_the_end_is_recorded_where_that_is_asked_for(tmp_path, genome, three):
    bed(tmp_path / "heart.bed", [("chr1", 10, 20), ("chr1", 25_000, 25_100)])
    dataset = prepare_compendium(tmp_path / "out", cells=three[0], genome=genome, outside="drop")
    (row,) = dataset.dropped[dataset.dropped["line"] > 0].to_dict("records")
    assert (row["line"], row["reason"]) == (2, "past the end of chr1 (20,000 bp)")
    assert row["file"].endswith("heart.bed")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"genome": None}, "regions need a genome"),
        ({"length": 100}, "cannot be merged by an overlap of 200 bp"),
        ({"merge_overlap": 0}, "cannot be merged by an overlap of 0 bp"),
        ({"margin": -1}, "negative"),
        ({"without": ["chrZ"]}, "the genome has no 'chrZ'"),
    ],
)
def test_options_that_cannot_be(tmp_path, genome, three, options, said):
    with pytest.raises(UserError, match=said):
        prepare_compendium(tmp_path / "out", cells=three[0], **({"genome": genome} | options))


def test_what_cells_can_not_be_added_to(tmp_path, genome, three, rng):
    table, _ = three
    old = tmp_path / "old"
    prepare_compendium(old, cells=table, genome=genome)
    with pytest.raises(UserError, match="'heart' is a task of the compendium already"):
        prepare_compendium(tmp_path / "out", cells=table, add=old)
    (tmp_path / "mine.tsv").write_text("mine\theart.bed\n")
    with pytest.raises(UserError, match="Leave --length and --merge-overlap out"):
        prepare_compendium(tmp_path / "out", cells=tmp_path / "mine.tsv", add=old, length=500)
    other = write_fasta(tmp_path / "other.fa", [random_sequence(rng, 20_000)], ["chr1"])
    with pytest.raises(UserError, match="another genome"):
        prepare_compendium(tmp_path / "out", cells=tmp_path / "mine.tsv", add=old, genome=other)
    sequences = [write_fasta(tmp_path / f"{name}.fa", [random_sequence(rng, 30)]) for name in "pn"]
    prepare(tmp_path / "plain", positives={"a": sequences[0]}, negatives={"a": sequences[1]})
    with pytest.raises(UserError, match="no compendium"):
        prepare_compendium(tmp_path / "out", cells=tmp_path / "mine.tsv", add=tmp_path / "plain")
