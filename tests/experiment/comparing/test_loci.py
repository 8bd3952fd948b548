"""Comparing runs: which loci are lined up, which are left out, which splits are not alike."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import yaml

import cislearn as cl
from cislearn.experiment.comparing.loci import share
from cislearn.experiment.seen import read_seen, seen_of, seen_together, write_seen
from cislearn.runs import RunFolder
from cislearn.sequence.strand import reverse_complement
from tests.experiment.comparing.editing import edit_predictions, on_target, placed, refusal


def test_another_split_is_refused_and_stamped_where_it_is_allowed(tiny_experiment, other_split):
    """trap 20: numbers of two folds are not beside each other unless that is asked for, and then they say so."""
    first = f"{tiny_experiment}:source_only"
    message = refusal(first, f"{other_split}:source_only")
    assert "split.by: auto | sequence" in message and "split.seed: 0 | 3" in message and "--allow-unlike" in message
    found = cl.compare(first, f"{other_split}:source_only", allow_unlike=True)
    assert found.table["not_alike"].str.contains(r"split\.seed: 0 \| 3").all()
    rows = [
        pd.read_parquet(e / "source_only" / "seed-0" / "predictions.parquet") for e in (tiny_experiment, other_split)
    ]
    shared = set(rows[0].loc[on_target(rows[0]), "row"]) & set(rows[1].loc[on_target(rows[1]), "row"])
    assert set(found.table["n"]) == {len(shared)}


def test_another_word_for_the_same_split_is_no_difference(tiny_experiment, copy):
    for path in copy.glob("adversarial/seed-*/config.yaml"):
        config = yaml.safe_load(path.read_text())
        config["data"]["split"]["by"] = "given"
        path.write_text(yaml.safe_dump(config))
    assert cl.compare(tiny_experiment, copy).differences == []


def test_rows_that_fell_otherwise_under_equal_keys_are_another_split(tiny_experiment, copy):
    edit_predictions(copy, lambda table: table[~on_target(table) | (table["row"] % 2 == 0)])
    assert "rows of the split, with equal keys: " in refusal(tiny_experiment, copy)


def test_test_loci_that_the_other_run_learned_from_are_counted(tiny_experiment, other_split, tiny_data):
    first, second = f"{tiny_experiment}:target_labels", f"{other_split}:target_labels"
    found = cl.compare(first, second, allow_unlike=True)
    data = cl.read_dataset(tiny_data)
    table = pd.read_parquet(tiny_experiment / "target_labels" / "seed-0" / "predictions.parquet")
    rows = table.loc[on_target(table), "row"].to_numpy()
    seen = np.load(other_split / "target_labels" / "seed-0" / "seen.npy")
    n = int(np.isin(data.window_hashes[rows], seen).sum())
    assert n > 0
    assert f"{n} of the test loci of {first} are ones that {second} learned from" in found.notes


def test_shared_loci_that_one_run_learned_from_are_left_out(tiny_experiment, copy, tiny_data):
    """trap 3: what one side has seen is no test of it."""
    data = cl.read_dataset(tiny_data)
    table = pd.read_parquet(copy / "adversarial" / "seed-0" / "predictions.parquet")
    leaked = table.loc[on_target(table), "row"].to_numpy()[:30]
    for path in copy.glob("adversarial/seed-*/seen.npy"):
        np.save(path, np.append(np.load(path), data.window_hashes[leaked]))
    found = cl.compare(tiny_experiment, copy)
    assert set(found.table["n"]) == {200 - 30}
    assert any(note.startswith(f"left out: 30 shared loci that {copy} learned from") for note in found.notes)
    again = shutil.copytree(copy, copy.with_name("again"))
    found = cl.compare(copy, again)
    assert set(found.table["n"]) == {200}
    assert any("every run learned from 30 of the shared loci" in note for note in found.notes)


def test_what_was_learned_from_is_known_by_window_and_by_overlap(tmp_path):
    """trap 3: the same window on the other strand, and one that overlaps; not one that only touches."""
    rng = np.random.default_rng(0)
    windows = rng.integers(0, 4, (5, 8)).astype(np.uint8)
    trained = placed(windows[:2], tmp_path / "trained", [100, 200])
    tested = placed([reverse_complement(windows[:1])[0], *windows[2:5]], tmp_path / "tested", [900, 105, 208, 50])
    seen = seen_of(trained.windows.dataset, trained.rows)
    assert seen.holds(tested.hashes, tested.places).tolist() == [True, True, False, False]
    write_seen(seen_together([seen, seen_together([])]), tmp_path)
    again = read_seen(RunFolder(tmp_path))
    assert again.holds(tested.hashes, tested.places).tolist() == [True, True, False, False]
    assert not seen_together([]).holds(tested.hashes, tested.places).any()


def test_loci_of_two_datasets_are_lined_up_by_their_windows(tiny_experiment, permuted):
    assert "dataset: " in refusal(tiny_experiment, permuted)
    found = cl.compare(tiny_experiment, permuted, allow_unlike=True)
    assert set(found.table["n"]) == {200}
    assert found.notes[0].endswith("200 shared, lined up by window")
    differences = found.table.loc[found.table["run"] == str(permuted), ["difference", "difference_low"]]
    assert (differences.abs() < 1e-12).all().all()


def test_places_line_up_where_the_sequence_is_the_same_too(tmp_path):
    """The same place of another genome build is another locus; so is the same sequence at another place."""
    windows = np.random.default_rng(0).integers(0, 4, (4, 8))
    one = placed(windows, tmp_path / "one", [0, 100, 200, 300])
    other = placed(windows[[3, 0, 2, 2]], tmp_path / "other", [300, 0, 500, 100])
    assert [list(each) for each in share([one, other])] == [[0, 3], [1, 0]]


def test_a_dataset_that_has_moved_is_given(tiny_data, tiny_experiment, copy, tmp_path):
    for path in copy.glob("*/seed-*/config.yaml"):
        path.write_text(path.read_text().replace(str(tiny_data), "not/here"))
    runs = f"{copy}:source_only", f"{copy}:adversarial"
    message = refusal(*runs)
    assert "its dataset is not at not/here" in message and "--data FOLDER" in message
    assert set(cl.compare(*runs, data=[tiny_data]).table["n"]) == {200}
    data = cl.read_dataset(tiny_data)
    fewer = np.arange(300)
    other = cl.write_dataset(
        tmp_path / "other",
        spec=data.spec,
        loci=data.loci.iloc[fewer],
        labels=data.labels[fewer],
        sequences=data.sequences.take(fewer),
    )
    assert "none of the runs was trained on this dataset" in refusal(*runs, data=[other.path])
    for path in copy.glob("*/seed-*/config.yaml"):
        path.write_text(path.read_text().replace("not/here", str(other.path)))
    assert "is not the one it was trained on" in refusal(*runs)
