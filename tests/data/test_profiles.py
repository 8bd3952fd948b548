"""Profiles of a dataset: the counts of the files, turned with their windows, absent where they may not be seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch

from cislearn.data.batches import Batches, TrainingRows, training_rows
from cislearn.data.dataset import read_dataset, write_dataset
from cislearn.data.prepare import prepare
from cislearn.data.profiles import Profiles
from cislearn.data.sequences import TableSequences
from cislearn.data.views import Views, crop, reverse_complement
from cislearn.errors import UserError
from cislearn.schema import DataSpec, TaskSpec
from tests.data.examples import random_sequence, write_fasta
from tests.genome.tracks import write_bigwig

LENGTH, POSITIONS, MARGIN = 40, 20, 6
SIZES = {"chr1": 2000, "chr2": 900}


class Toy:
    """A genome, two cells with regions on both strands, and two replicates of stranded counts of the first."""

    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.genome = write_fasta(folder / "toy.fa", [random_sequence(rng, n) for n in SIZES.values()], list(SIZES))
        starts = {cell: rng.integers(60, 800, 8) for cell in ("a", "b")}
        self.regions = {cell: self.bed(f"{cell}.bed", starts[cell]) for cell in starts}
        self.replicates = [[self.counts(f"{r}{strand}") for strand in ("plus", "minus")] for r in range(2)]

    def bed(self, name, starts):
        lines = [
            f"chr{1 + k % 2}\t{start}\t{start + LENGTH}\t{k}\t0\t{'+-'[k // 2 % 2]}\n" for k, start in enumerate(starts)
        ]
        (self.folder / name).write_text("".join(lines))
        return self.folder / name

    def counts(self, name, sizes=SIZES, change=lambda values: values):
        dense = {chrom: change(self.rng.poisson(0.7, size).astype(float)) for chrom, size in sizes.items()}
        return write_bigwig(self.folder / f"{name}.bw", dense)

    def prepare(self, out="out", **options):
        given = {
            "positives": {"a": self.regions["a"]},
            "genome": self.genome,
            "profiles": {"tss": {"a": self.replicates}},
            "length": LENGTH,
            "profile_length": POSITIONS,
            "margin": MARGIN,
        }
        return prepare(self.folder / out, **(given | options))


@pytest.fixture
def toy(tmp_path, rng):
    return Toy(tmp_path, rng)


def read_by_hand(files, locus, rule):
    """What pyBigWig says of one locus, base by base, in the reading direction of its strand; 0 without a value."""
    around = (LENGTH - POSITIONS) // 2
    forward = range(locus["start"] + around - MARGIN, locus["end"] - around + MARGIN)
    is_minus = locus["strand"] == "-"
    moved = 1 if rule == "flip_and_shift" else 0
    bases = [at + moved for at in reversed(forward)] if is_minus else list(forward)
    channels = []
    for path in reversed(files) if is_minus else files:
        with pyBigWig.open(str(path)) as file:
            channels.append([file.values(locus["chrom"], at, at + 1)[0] for at in bases])
    return np.nan_to_num(np.array(channels))


@pytest.mark.parametrize("rule", ["flip_and_permute", "flip", "flip_and_shift"])
def test_counts_are_those_of_the_files_on_the_strand_of_the_row(toy, rule):
    """Trap 3 and trap 15: strands change places, cuts move by one base, uncovered bases are 0. Oracle: pyBigWig."""
    stranded = rule == "flip_and_permute"
    files = toy.replicates if stranded else [pair[:1] for pair in toy.replicates]
    rules = {} if stranded else {"profile_rules": {"tss": rule}}
    data = toy.prepare(profiles={"tss": {"a": files}}, **rules)
    assert data.spec.tasks == (TaskSpec("tss", "profile", 2 if stranded else 1, POSITIONS, rule),)
    assert set(data.loci["strand"]) == {"+", "-"}
    for row, locus in data.loci.iterrows():
        each = [read_by_hand(pair, locus, rule) for pair in files]
        np.testing.assert_array_equal(data.profiles.replicates[row], each)
        np.testing.assert_array_equal(data.profiles.values[row], np.sum(each, axis=0))
        assert data.labels[row, 0] == np.sum(each, axis=0)[:, MARGIN:-MARGIN].sum()
    assert data.profiles.values.dtype == np.float32


def test_high_counts_are_kept(toy):
    """Trap 21: float16 ends at 65,504."""
    high = [toy.counts(f"high{k}", change=lambda values: values * 100_000) for k in range(2)]
    data = toy.prepare(profiles={"tss": {"a": [high]}})
    assert np.isfinite(data.profiles.values).all() and data.profiles.values.max() >= 100_000
    assert data.profiles.replicates is None


def test_a_dataset_is_read_as_it_was_written_and_counts_are_part_of_its_hash(toy):
    data, other = toy.prepare(), toy.prepare("other", profiles={"tss": {"a": toy.replicates[:1]}})
    again = read_dataset(data.path)
    np.testing.assert_array_equal(again.profiles.values, data.profiles.values)
    assert again.hash == data.hash != other.hash
    assert again.provenance["profiles"]["tss"]["files"]["a"] == [[str(p) for p in pair] for pair in toy.replicates]


def test_rows_without_a_label_have_no_counts(toy):
    """Absent means unlabelled: a domain without files, and rows whose role says so."""
    data = toy.prepare(positives={"a": toy.regions["a"], "b": toy.regions["b"]})
    is_b = (data.loci["domain"] == "b").to_numpy()
    assert np.isnan(data.labels[is_b]).all() and np.isnan(data.profiles.values[is_b]).all()
    hidden = toy.prepare(
        "hidden",
        unlabelled={"b": toy.regions["b"]},
        profiles={"tss": {"a": toy.replicates, "b": toy.replicates[:1]}},
    )
    assert np.isnan(hidden.profiles.values[(hidden.loci["domain"] == "b").to_numpy()]).all()


def test_an_objective_gets_no_counts_that_it_may_not_see(toy):
    data = toy.prepare(positives=toy.regions, profiles={"tss": {"a": toy.replicates, "b": toy.replicates}})
    mine, others = (np.flatnonzero(data.loci["domain"] == name) for name in "ab")
    parts = {
        "source": training_rows(data, mine, labelled=True),
        "target": training_rows(data, others, labelled=False),
    }
    batches = Batches(
        data.sequences, parts, {"source": 1.0, "target": 1.0}, batch_size=4, seed=0, profiles=data.profiles
    )
    batch = batches[0]
    assert batch.profiles[batch.parts["source"]].isfinite().all()
    assert batch.profiles[batch.parts["target"]].isnan().all()
    torch.testing.assert_close(batch.labelled_profiles, batch.profiles[:4])
    (whole,) = batches.once("target")
    assert whole.profiles.isnan().all()


def spec_of(rule, channels):
    return DataSpec((TaskSpec("p", "profile", channels, POSITIONS, rule),), ("a",), LENGTH, MARGIN)


def batch_of(rng, rule, channels, n=4):
    """A batch of random windows with random counts about their middle."""
    spec = spec_of(rule, channels)
    tokens = rng.integers(0, 4, (n, LENGTH + 2 * MARGIN)).astype(np.uint8)
    values = rng.poisson(3.0, (n, channels, POSITIONS + 2 * MARGIN)).astype(np.float32)
    rows = TrainingRows(np.arange(n), np.ones((n, 1), np.float32), np.zeros(n, np.int64))
    batches = Batches(
        TableSequences.of(tokens), {"source": rows}, {"source": 1.0}, batch_size=n, seed=1,
        profiles=Profiles(values, np.zeros(channels, int)),
    )  # fmt: skip
    return spec, batches[0]


@pytest.mark.parametrize(("rule", "channels"), [("flip", 1), ("flip_and_permute", 2), ("flip_and_shift", 1)])
@pytest.mark.parametrize("moved", [-3, 0, 5])
def test_counts_move_and_turn_with_their_windows(rng, rule, channels, moved):
    """Trap 3. Oracle: base by base, position i of a window on the other strand is position L - 1 - i of the first."""
    spec, batch = batch_of(rng, rule, channels)
    shift = torch.full((4,), moved)
    forward = crop(batch, spec, shift, torch.zeros(4, dtype=torch.bool)).profiles
    turned = crop(batch, spec, shift, torch.ones(4, dtype=torch.bool)).profiles
    first = MARGIN + moved
    np.testing.assert_array_equal(forward, batch.profiles[:, :, first : first + POSITIONS])
    for i in range(POSITIONS):
        partner = first + POSITIONS - 1 - i + (rule == "flip_and_shift")
        np.testing.assert_array_equal(turned[:, :, i], batch.profiles[:, :, partner].flip(1))


def test_counts_stay_at_their_bases_in_every_training_view(rng):
    """Trap 3 and trap 4: each window is moved and turned by itself, and its counts with it.

    Property: where the plus strand counts its base and the minus strand that base's partner, both do so in any view.
    """
    spec = spec_of("flip_and_permute", 2)
    tokens = rng.integers(0, 4, (32, LENGTH + 2 * MARGIN)).astype(np.uint8)
    around = (LENGTH - POSITIONS) // 2
    bases = tokens[:, around : around + POSITIONS + 2 * MARGIN].astype(np.float32)
    profiles = Profiles(np.stack([bases, 3 - bases], axis=1), np.zeros(2, int))
    rows = TrainingRows(np.arange(32), np.ones((32, 1), np.float32), np.zeros(32, np.int64))
    sequences = TableSequences.of(tokens)
    batch = Batches(sequences, {"source": rows}, {"source": 1.0}, batch_size=32, seed=1, profiles=profiles)[0]
    for step in range(3):
        view = Views(spec, "augment", MARGIN, seed=2)(batch, "train", step)
        here = view.tokens[:, around : around + POSITIONS].float()
        torch.testing.assert_close(view.profiles, torch.stack([here, 3 - here], dim=1))


@pytest.mark.parametrize(("rule", "channels"), [("flip", 1), ("flip_and_permute", 2)])
def test_to_turn_twice_is_to_do_nothing(rng, rule, channels):
    spec, batch = batch_of(rng, rule, channels)
    view = Views(spec)(batch, "plain", 0)
    again = reverse_complement(reverse_complement(view, spec), spec)
    torch.testing.assert_close(again.profiles, view.profiles)
    torch.testing.assert_close(again.tokens, view.tokens)


def test_what_lies_beyond_the_margin_is_not_known(rng):
    spec, batch = batch_of(rng, "flip", 1)
    view = crop(batch, spec, torch.full((4,), MARGIN + 2), torch.zeros(4, dtype=torch.bool))
    assert view.profiles[:, :, -2:].isnan().all() and view.profiles[:, :, :-2].isfinite().all()


def test_profiles_that_do_not_fit_the_spec_are_refused(tmp_path, rng):
    spec = spec_of("flip", 1)
    tokens = rng.integers(0, 4, (3, LENGTH + 2 * MARGIN)).astype(np.uint8)
    with pytest.raises(ValueError, match="profiles have shape"):
        write_dataset(
            tmp_path / "d", spec=spec, loci=pd.DataFrame({"domain": ["a"] * 3}), labels=np.ones((3, 1)),
            sequences=TableSequences.of(tokens),
            profiles=Profiles(np.zeros((3, 1, POSITIONS), np.float32), np.zeros(1, int)),
        )  # fmt: skip


def test_windows_without_counts_are_kept_and_told_or_left_out_with_the_reason(toy):
    dense = {chrom: np.zeros(size) for chrom, size in SIZES.items()}
    pair = [write_bigwig(toy.folder / f"{k}.bw", dense | {"chr1": np.full(SIZES["chr1"], k)}) for k in (1, 2)]
    kept = toy.prepare(profiles={"tss": {"a": [pair]}})
    assert len(kept) == 8 and (kept.labels == 0).sum() == 4
    assert any("not a single count" in note for note in kept.provenance["notes"])
    left = toy.prepare("left", profiles={"tss": {"a": [pair]}}, min_counts=1)
    assert len(left) == 4 == len(left.profiles.values)
    assert list(left.dropped["reason"]) == ["fewer than 1 counts"] * 4


def test_negatives_are_background_and_no_task(toy):
    data = toy.prepare(make_negatives="gc-matched")
    assert [task.name for task in data.spec.tasks] == ["tss"]
    assert data.loci["background"].sum() == 8 and len(data) == 16
    assert np.isfinite(data.profiles.values).all()


def broken(values):
    return values / 3


def negative(values):
    return -values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda toy: {"profiles": {"tss": {"a": [[toy.counts("x", change=broken)] * 1]}}}, "counts in wholes"),
        (lambda toy: {"profiles": {"tss": {"a": [[toy.counts("x", change=negative)] * 1]}}}, "below 0"),
        (lambda toy: {"profiles": {"tss": {"a": [[toy.replicates[0][0]] * 2]}}}, "for both strands"),
        (lambda toy: {"profiles": {"tss": {"a": [toy.replicates[0]] * 2}}}, "one replicate twice"),
        (lambda toy: {"profiles": {"tss": {"a": [toy.replicates[0], toy.replicates[1][:1]]}}}, "1 and 2 files"),
        (lambda toy: {"profiles": {"tss": {"z": toy.replicates}}}, "'z', which has no examples"),
        (lambda toy: {"profiles": {"tss": {"a": [[toy.counts("x", {"1": 2000, "2": 900})]]}}}, "it has 1"),
        (lambda toy: {"profiles": {"tss": {"a": [[toy.counts("x", {"chr1": 1990, "chr2": 900})]]}}}, "another build"),
        (lambda toy: {"profile_length": 21}, "cannot be centred"),
        (lambda toy: {"profile_length": 60}, "are shorter than a profile"),
        (lambda toy: {"profile_rules": {"tss": "flip"}}, "no rule for profile 'tss' of 2 files"),
        (lambda toy: {"profile_rules": {"tsss": "flip"}}, "'tsss'"),
        (lambda toy: {"unlabelled": {"a": toy.regions["a"]}, "positives": {"b": toy.regions["b"]}}, "no example has"),
    ],
)
def test_what_cannot_be_is_refused(toy, change, message):
    with pytest.raises(UserError, match=message) as told:
        toy.prepare(**change(toy))
    assert told.value.where is not None


def test_the_same_counts_under_two_names_are_refused(toy):
    copy = toy.folder / "copy.bw"
    copy.write_bytes(toy.replicates[0][0].read_bytes())
    with pytest.raises(UserError, match="same counts"):
        toy.prepare(profiles={"tss": {"a": [[toy.replicates[0][0], copy]]}})


def test_a_file_with_nan_is_refused(toy):
    path = toy.folder / "nan.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()))
        file.addEntries(["chr1"] * 3, [100, 101, 102], ends=[101, 102, 103], values=[1.0, float("nan"), 2.0])
    with pytest.raises(UserError, match="NaN"):
        toy.prepare(profiles={"tss": {"a": [[path]]}})
