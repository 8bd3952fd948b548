"""Tracks of a dataset: the values of the files, turned with their windows, the same at any sequencing depth."""

from __future__ import annotations

import gzip

import numpy as np
import pyBigWig
import pytest
import torch

from cislearn.data.batches import Batches, training_rows
from cislearn.data.dataset import read_dataset
from cislearn.data.prepare import prepare
from cislearn.data.sequences import GenomeSequences, TableSequences
from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.tracks import normalise
from cislearn.data.views import Views, reverse_complement
from cislearn.errors import UserError
from cislearn.schema import InputSpec
from tests.data.examples import random_sequence, write_fasta
from tests.genome.tracks import random_signal, write_bigwig

LENGTH, MARGIN = 40, 6
HALF = 2.0**-11
"""Relative rounding of float16."""


class Toy:
    """A genome of two chromosomes, two cells with regions on both strands, and a track of each cell."""

    def __init__(self, folder, rng):
        self.folder = folder
        self.sizes = {"chr1": 3000, "chr2": 900}
        texts = [random_sequence(rng, size) for size in self.sizes.values()]
        self.genome = write_fasta(folder / "toy.fa", texts, list(self.sizes))
        self.dense = {
            cell: {chrom: random_signal(rng, size) for chrom, size in self.sizes.items()} for cell in ("a", "b")
        }
        self.dnase = {cell: write_bigwig(folder / f"{cell}.bw", dense) for cell, dense in self.dense.items()}
        self.regions = {}
        for cell in ("a", "b"):
            lines = []
            for k in range(14):
                chrom = "chr1" if k % 3 else "chr2"
                start = int(rng.integers(60, self.sizes[chrom] - 120))
                lines.append(f"{chrom}\t{start}\t{start + LENGTH}\t{cell}{k}\t0\t{'+-'[k % 2]}\n")
            self.regions[cell] = self.bed(f"{cell}.bed", lines[:7]), self.bed(f"{cell}.negative.bed", lines[7:])

    def bed(self, name, lines):
        (self.folder / name).write_text("".join(lines))
        return self.folder / name

    def prepare(self, out="out", **options):
        given = {
            "positives": {cell: files[0] for cell, files in self.regions.items()},
            "negatives": {cell: files[1] for cell, files in self.regions.items()},
            "genome": self.genome,
            "tracks": {"dnase": self.dnase},
            "length": LENGTH,
            "margin": MARGIN,
            "keep_overlapping": True,
        }
        return prepare(self.folder / out, **(given | options))


@pytest.fixture
def toy(tmp_path, rng):
    return Toy(tmp_path, rng)


def read_by_hand(path, locus, rule, mean):
    """What pyBigWig says of one locus, base by base, in the reading direction of its strand."""
    first, last = locus["start"] - MARGIN, locus["end"] + MARGIN
    with pyBigWig.open(str(path)) as file:
        forward = range(first, last)
        moved = 1 if rule == "flip_and_shift" else 0
        bases = [at + moved for at in reversed(forward)] if locus["strand"] == "-" else list(forward)
        raw = [file.values(locus["chrom"], at, at + 1)[0] for at in bases]
    return np.log1p(np.nan_to_num(np.array(raw)) / mean)


@pytest.mark.parametrize("rule", ["flip", "flip_and_shift"])
def test_stored_values_are_those_of_pybigwig_on_both_strands(toy, rule):
    """trap 3: what lies between two bases is one base off once it is turned."""
    dataset = toy.prepare(track_rules={"dnase": rule})
    assert dataset.spec.inputs == (InputSpec("dnase", "track", rc=rule),)
    assert set(dataset.loci["strand"]) == {"+", "-"}
    means = {cell: record["mean"] for cell, record in dataset.provenance["tracks"]["dnase"]["files"].items()}
    for row, locus in dataset.loci.iterrows():
        cell = locus["domain"]
        expected = read_by_hand(toy.dnase[cell], locus, rule, means[cell])
        np.testing.assert_allclose(dataset.tracks.values[row, 0], expected, rtol=2 * HALF, atol=1e-6)
    total = {cell: sum(map(np.sum, dense.values())) / 3900 for cell, dense in toy.dense.items()}
    assert means == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("rule", ["flip", "flip_and_shift"])
def test_a_window_and_its_other_strand_are_one_another_turned(toy, rule):
    """trap 3: turning a stored window gives what is stored for the other strand of the same place."""
    both = toy.bed("both.bed", ["chr1\t500\t540\tf\t0\t+\n", "chr1\t500\t540\tr\t0\t-\n"])
    dataset = toy.prepare(
        positives={"a": both}, negatives={"b": toy.regions["b"][1]}, track_rules={"dnase": rule},
    )  # fmt: skip
    batch = Batches(
        dataset.sequences, {"source": training_rows(dataset, np.arange(2), labelled=True)}, {"source": 1.0},
        batch_size=2, seed=0, tracks=dataset.tracks,
    )[0]  # fmt: skip
    view = Views(dataset.spec)(batch, "plain", 0)
    turned = reverse_complement(view, dataset.spec)
    assert torch.equal(turned.tokens[0], view.tokens[1])
    inner = slice(1, None)  # the value of the first base once turned lies beyond the window
    assert torch.equal(turned.tracks[0, 0, inner], view.tracks[1, 0, inner])
    assert (view.tracks > 0).any()


def test_depth_changes_nothing(toy):
    deep = {
        cell: write_bigwig(toy.folder / f"{cell}.deep.bw", {chrom: 3 * values for chrom, values in dense.items()})
        for cell, dense in toy.dense.items()
    }
    one, other = toy.prepare("one"), toy.prepare("other", tracks={"dnase": deep})
    np.testing.assert_allclose(one.tracks.values, other.tracks.values, rtol=4 * HALF, atol=1e-3)


def test_high_coverage_does_not_overflow(toy):
    """trap 21: 65,504 is the greatest number of float16."""
    dense = {chrom: values.copy() for chrom, values in toy.dense["a"].items()}
    dense["chr1"][200:260] = 1e9
    spiked = write_bigwig(toy.folder / "spiked.bw", dense)
    there = toy.bed("there.bed", ["chr1\t210\t250\tx\n"])
    dataset = toy.prepare(positives={"a": there}, negatives={"b": toy.regions["b"][1]},
                          tracks={"dnase": {"a": spiked, "b": toy.dnase["b"]}})  # fmt: skip
    assert np.isfinite(dataset.tracks.values).all()
    assert normalise(np.float32([1e38]), 1.0)[0] < 100


def test_tracks_come_back_from_disk_and_count_in_the_hash(toy):
    dataset, swapped = toy.prepare("one"), {"a": toy.dnase["b"], "b": toy.dnase["a"]}
    again = read_dataset(dataset.path)
    np.testing.assert_array_equal(again.tracks.values, dataset.tracks.values)
    assert again.spec == dataset.spec and again.hash == dataset.hash
    assert toy.prepare("other", tracks={"dnase": swapped}).hash != dataset.hash
    values = np.load(dataset.path / "tracks.npy")
    np.save(dataset.path / "tracks.npy", values[:-1])
    with pytest.raises(UserError, match="truncated or changed"):
        read_dataset(dataset.path)


def test_a_dataset_without_tracks_is_what_it_was(toy):
    plain = toy.prepare("plain", tracks=None)
    assert plain.tracks is None and plain.spec.inputs == () and "tracks" not in plain.provenance
    left_out = toy.prepare("with").without_tracks()
    assert left_out.spec == plain.spec and left_out.tracks is None
    part = {"source": training_rows(plain, np.arange(len(plain)), labelled=True)}
    batch = Batches(plain.sequences, part, {"source": 1.0}, batch_size=8, seed=0)[3]
    assert batch.tracks is None
    assert write_simulated(toy.folder / "sim", simulate(n_train=60, n_test=20, seed=3)).hash == (
        "111f01bdf7ea37a1018b719a65b5379f"  # as it was before there were tracks
    )


def test_a_batch_carries_the_tracks_of_its_rows(toy):
    """Of both kinds of windows: those read from the genome, and those that the files bring along."""
    on_genome = toy.prepare("genome")
    assert isinstance(on_genome.sequences, GenomeSequences)
    loci = on_genome.loci
    tokens = on_genome.sequences.gather(np.arange(len(loci)))
    headers = [f"{r.chrom}:{r.start}-{r.end}({r.strand})" for r in loci.itertuples()]
    texts = ["".join("ACGTN"[t] for t in row[MARGIN : MARGIN + LENGTH]) for row in tokens]
    files = {}
    for cell in ("a", "b"):
        rows = np.flatnonzero(loci["domain"] == cell)
        files[cell] = write_fasta(toy.folder / f"{cell}.fa", [texts[r] for r in rows], [headers[r] for r in rows])
    stored = toy.prepare("table", positives={"a": files["a"]}, negatives={"b": files["b"]}, margin=0, genome=None)
    assert isinstance(stored.sequences, TableSequences)
    for dataset, margin in ((on_genome, MARGIN), (stored, 0)):
        rows = np.arange(len(dataset))
        part = {"source": training_rows(dataset, rows, labelled=True)}
        batch = Batches(dataset.sequences, part, {"source": 1.0}, batch_size=9, seed=1, tracks=dataset.tracks)[0]
        assert batch.tracks.dtype == torch.float32
        np.testing.assert_array_equal(batch.tracks.numpy(), dataset.tracks.values[batch.row.numpy()])
        keys = list(zip(dataset.loci["domain"], dataset.loci["start"], dataset.loci["strand"], strict=True))
        inner = dataset.tracks.values[:, :, margin : margin + LENGTH]
        found = dict(zip(keys, inner, strict=True))
        if margin:
            expected = found
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in found)


# --- Two strands ---


@pytest.fixture
def control(toy):
    """Both strands of a control of each cell, the minus strand twice as deep, and what they hold."""
    dense = {cell: [toy.dense[cell], {c: 2 * v[::-1] for c, v in toy.dense[cell].items()}] for cell in ("a", "b")}
    return {
        cell: [write_bigwig(toy.folder / f"{cell}.{k}.bw", each) for k, each in enumerate(pair)]
        for cell, pair in dense.items()
    }


def test_the_strands_of_a_control_change_places_where_the_row_lies_on_the_other(toy, control):
    """Trap 3. Oracle: pyBigWig. One mean for both, so that the deeper strand stays the deeper one."""
    dataset = toy.prepare(tracks={"control": control, "dnase": toy.dnase})
    assert dataset.spec.inputs == (
        InputSpec("control", "track", 2, "flip_and_permute"),
        InputSpec("dnase", "track", rc="flip"),
    )
    assert dataset.tracks.values.shape == (len(dataset), 3, LENGTH + 2 * MARGIN) and dataset.spec.channels == 7
    files = dataset.provenance["tracks"]["control"]["files"]
    for row, locus in dataset.loci.iterrows():
        cell, pair = locus["domain"], control[locus["domain"]]
        mean = np.mean([sum(map(np.sum, toy.dense[cell].values())) / 3900 * factor for factor in (1, 2)])
        assert files[cell]["mean"] == pytest.approx(mean, rel=1e-5)
        assert files[cell]["paths"] == list(map(str, pair))
        own_first = pair[::-1] if locus["strand"] == "-" else pair
        for channel, path in enumerate(own_first):
            expected = read_by_hand(path, locus, "flip", mean)
            np.testing.assert_allclose(dataset.tracks.values[row, channel], expected, rtol=2 * HALF, atol=1e-6)


def test_a_window_with_a_control_and_its_other_strand_are_one_another_turned(toy, control):
    """Trap 3: as it is turned in training and at prediction, so it is stored for the other strand of the place."""
    both = toy.bed("both.bed", ["chr1\t500\t540\tf\t0\t+\n", "chr1\t500\t540\tr\t0\t-\n"])
    dataset = toy.prepare(
        positives={"a": both}, negatives={"b": toy.regions["b"][1]}, tracks={"control": control},
    )  # fmt: skip
    batch = Batches(
        dataset.sequences, {"source": training_rows(dataset, np.arange(2), labelled=True)}, {"source": 1.0},
        batch_size=2, seed=0, tracks=dataset.tracks,
    )[0]  # fmt: skip
    view = Views(dataset.spec)(batch, "plain", 0)
    assert torch.equal(reverse_complement(view, dataset.spec).tracks[0], view.tracks[1])
    assert not torch.equal(view.tracks[0, 0], view.tracks[0, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pair, _: {"a": pair, "b": pair[:1]}, "track 'control' is given as 1 and 2 files"),
        (lambda pair, _: {"a": pair, "b": [*pair, pair[0]]}, "track 'control' is given as 2 and 3 files"),
        (lambda pair, _: {"a": pair, "b": [pair[0]] * 2}, "has .*a.0.bw for both strands"),
        (lambda pair, copy: {"a": pair, "b": [pair[0], copy]}, r"copy\.bw: has the same counts as"),
    ],
)
def test_strands_that_cannot_be_are_refused(toy, control, change, message):
    copy = toy.folder / "copy.bw"
    copy.write_bytes(control["a"][0].read_bytes())
    with pytest.raises(UserError, match=message):
        toy.prepare(tracks={"control": change(control["a"], copy)})
    with pytest.raises(UserError, match=r"'flip' is no rule for track 'control' of 2 files"):
        toy.prepare(tracks={"control": control}, track_rules={"control": "flip"})


# --- What cannot be ---


def test_every_domain_needs_each_track(toy):
    with pytest.raises(UserError, match=r"domain 'b' has no track 'dnase'.*\n.*--track dnase:b=FILE\.bw"):
        toy.prepare(tracks={"dnase": {"a": toy.dnase["a"]}})
    with pytest.raises(UserError, match="domain 'bb', which has no examples; did you mean b"):
        toy.prepare(tracks={"dnase": toy.dnase | {"bb": toy.dnase["b"]}})
    with pytest.raises(UserError, match="did you mean flip_and_shift"):
        toy.prepare(track_rules={"dnase": "flip_shift"})
    with pytest.raises(UserError, match="did you mean dnase"):
        toy.prepare(track_rules={"dnas": "flip"})
    assert not (toy.folder / "out").exists()


def test_examples_without_a_place_have_no_track(toy, rng):
    windows = write_fasta(toy.folder / "w.fa", [random_sequence(rng, 52) for _ in range(6)])
    with pytest.raises(UserError, match=r"w\.fa line 1: has examples without coordinates"):
        toy.prepare(positives={"a": windows}, negatives={"b": toy.regions["b"][1]})
    with pytest.raises(UserError, match="shuffles lie nowhere"):
        toy.prepare(negatives=None, make_negatives="dinucleotide-shuffled")


def test_a_track_of_another_spelling_or_build_is_refused(toy):
    bare = {chrom.removeprefix("chr"): values for chrom, values in toy.dense["b"].items()}
    named = write_bigwig(toy.folder / "bare.bw", bare)
    with pytest.raises(UserError, match=r"bare\.bw: has no chromosome chr[12]; it has [12]"):
        toy.prepare(tracks={"dnase": {"a": toy.dnase["a"], "b": named}})
    longer = {chrom: np.append(values, 1.0) for chrom, values in toy.dense["b"].items()}
    other = write_bigwig(toy.folder / "longer.bw", longer)
    with pytest.raises(UserError, match=r"longer\.bw: is of another build: chr"):
        toy.prepare(tracks={"dnase": {"a": toy.dnase["a"], "b": other}})


# --- Real data ---


@pytest.fixture(scope="module")
def yeast(shared_data, tmp_path_factory):
    """The yeast genome under two spellings, and the folder of its tracks."""
    folder = shared_data / "yeast"
    if not (folder / "tracks" / "MNase.bw").is_file():
        pytest.skip("the tracks of yeast are absent")
    text = gzip.decompress((folder / "sacCer3.fa.gz").read_bytes()).decode()
    place = tmp_path_factory.mktemp("yeast")
    (place / "ucsc.fa").write_text(text)
    (place / "bare.fa").write_text(text.replace(">chr", ">"))
    return folder, place


def test_nucleosomes_of_yeast(yeast, tmp_path):
    """Real files of two marks at starts of genes on both strands: the values of pyBigWig, and the other's spelling."""
    folder, place = yeast
    lines = [line.split("\t") for line in (folder / "genes_start_sacCer3.bed").read_text().splitlines()]
    kept = [fields for fields in lines if fields[0].removeprefix("chr") in ("II", "IV", "XVI")][:200]
    beds = {}
    for name, fields in (("positive", kept[:100]), ("negative", kept[100:])):
        beds[name] = tmp_path / f"{name}.bed"
        beds[name].write_text("".join("\t".join(each) + "\n" for each in fields))
    options = {"positives": {"y": beds["positive"]}, "negatives": {"y": beds["negative"]}, "length": 200}
    options |= {"keep_overlapping": True}
    tracks = {name: {"y": folder / "tracks" / f"{name}.bw"} for name in ("MNase", "PolII")}
    dataset = prepare(tmp_path / "out", genome=place / "bare.fa", tracks=tracks, **options)
    assert {"+", "-"} <= set(dataset.loci["strand"]) and len(dataset) > 150
    for k, (name, files) in enumerate(tracks.items()):
        mean = dataset.provenance["tracks"][name]["files"]["y"]["mean"]
        with pyBigWig.open(str(files["y"])) as file:
            for row, locus in dataset.loci.iterrows():
                raw = np.nan_to_num(file.values(locus["chrom"], locus["start"], locus["end"], numpy=True))
                raw = raw[::-1] if locus["strand"] == "-" else raw
                found = dataset.tracks.values[row, k]
                np.testing.assert_allclose(found, np.log1p(raw / mean), rtol=2 * HALF, atol=1e-6)
    with pytest.raises(UserError, match=r"MNase\.bw: has no chromosome chr\w+; it has \w+"):
        prepare(tmp_path / "no", genome=place / "ucsc.fa", tracks=tracks, **options)
