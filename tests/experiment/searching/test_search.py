"""A search: by validation scores alone, the same one after a break, and what it refuses."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment.reading import make_config, read_config
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.searching.search import search
from cislearn.experiment.searching.space import Range, settings_of
from tests.conftest import TINY

RATE = "training.optimiser.learning_rate"
SPACE = {RATE: Range(1e-6, 0.03, log=True), "training.weight_average": [0.1, 0.9]}


def configurations(data, *more):
    settings = [*(f"{key}={value}" for key, value in TINY.items()), "methods=[source_only]", *more]
    values = {"data": {"path": str(data), "target": "hep"}, "out": "x"}
    return lambda tried: make_config(values, [*settings, *settings_of(tried)])


@pytest.fixture(scope="module")
def finished(tiny_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    return folder, search(configurations(tiny_data, "training.seeds=[0, 1]"), SPACE, folder, n_trials=4)


def test_the_best_is_that_of_the_greatest_mean_validation_score(finished):
    folder, table = finished
    assert table["trial"].tolist() == [0, 1, 2, 3] and (table["problem"] == "").all()
    for row in table.to_dict("records"):
        scores = []
        for run in sorted((folder / f"trial-{row['trial']:04}").glob("source_only/seed-*")):
            history = pd.read_csv(run / "history.tsv", sep="\t")
            scores.append(history["valid_score"].max())  # the weights of the best validation are kept
        assert len(scores) == 2 and row["score"] == pytest.approx(np.mean(scores))
        assert row["seeds_sd"] == pytest.approx(np.std(scores, ddof=1))
    assert table["score"].min() < table["score"].max()
    best = table.loc[table["score"].idxmax()]
    config = read_config(folder / "best.yaml")
    assert config.training.optimiser.learning_rate == best[RATE] and config.out == folder / "best"
    written = pd.read_csv(folder / "trials.tsv", sep="\t")
    assert written["score"].to_numpy() == pytest.approx(table["score"].to_numpy(), rel=1e-5)


@pytest.mark.slow
def test_labels_of_test_rows_and_of_the_target_change_nothing(finished, tiny_data, tmp_path):
    """The trap of every search: the other labels of those rows turned round, the same trials, scores and choice."""
    data = tmp_path / "poisoned"
    shutil.copytree(tiny_data, data)
    loci = read_dataset(tiny_data).loci
    labels = np.load(data / "labels.npy")
    unseen = ((loci["part"] == "test") | (loci["domain"] == "hep")).to_numpy()
    labels[unseen] = 1 - labels[unseen]
    np.save(data / "labels.npy", labels)
    _, table = finished
    found = search(configurations(data, "training.seeds=[0, 1]"), SPACE, tmp_path / "out", n_trials=4)
    pd.testing.assert_frame_equal(found, table)


@pytest.mark.slow
def test_broken_off_it_ends_as_one_that_was_not(finished, tiny_data, tmp_path):
    class Broken(Reporter):
        def begin(self, title, steps, done):
            nonlocal begun
            begun += 1
            if begun == 4:  # the second seed of the second trial
                raise KeyboardInterrupt

    begun = 0
    make = configurations(tiny_data, "training.seeds=[0, 1]")
    with pytest.raises(KeyboardInterrupt):
        search(make, SPACE, tmp_path, n_trials=4, reporter=Broken())
    assert len(pd.read_csv(tmp_path / "trials.tsv", sep="\t")) == 1
    search(make, SPACE, tmp_path, n_trials=2)
    assert len(pd.read_csv(tmp_path / "trials.tsv", sep="\t")) == 2
    pd.testing.assert_frame_equal(search(make, SPACE, tmp_path, n_trials=4), finished[1])


@pytest.mark.slow
def test_a_trial_that_cannot_be_trained_is_told_and_the_others_go_on(tiny_data, tmp_path):
    space = {"model.encoder.name": ["motif_cnn", "motif_cn"]}
    table = search(configurations(tiny_data), space, tmp_path, n_trials=5)
    failed = table["model.encoder.name"] == "motif_cn"
    assert 0 < failed.sum() < 5 and (table["score"].isna() == failed).all()
    assert table.loc[failed, "problem"].str.contains("did you mean motif_cnn").all()
    assert read_config(tmp_path / "best.yaml").model.encoder.name == "motif_cnn"
    with pytest.raises(UserError, match=r"no trial could be trained: .*did you mean motif_cnn"):
        search(configurations(tiny_data), {"model.encoder.name": ["motif_cn"]}, tmp_path / "none", n_trials=2)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("methods=[source_only, adversarial]", "of one method, and these are several: source_only, adversarial"),
        ("selection=oracle", "oracle reads the target's labels"),
        ("data.target=each", "one target or none"),
    ],
)
def test_what_has_no_score_of_its_own_is_refused(tiny_data, tmp_path, setting, said):
    with pytest.raises(UserError, match=said):
        search(configurations(tiny_data, setting), SPACE, tmp_path / "out", n_trials=1)
    assert not (tmp_path / "out").exists()


def test_another_search_in_the_folder_is_refused(finished, tiny_data):
    """What differs is named, and not what follows from it: first values of the space, hashes of all together."""
    folder, _ = finished
    same = configurations(tiny_data, "training.seeds=[0, 1]")
    with pytest.raises(UserError, match=r"is a search of another space\n"):
        search(same, {RATE: [0.1]}, folder, n_trials=9)
    with pytest.raises(UserError, match=r"is a search of another seed\n"):
        search(same, SPACE, folder, n_trials=9, seed=1)
    with pytest.raises(UserError, match=r"is a search of another config\n"):
        search(configurations(tiny_data), SPACE, folder, n_trials=9)
    with pytest.raises(UserError, match=r"is a search of another space and config\n"):
        search(configurations(tiny_data), {**SPACE, RATE: [0.1]}, folder, n_trials=9)


def test_other_data_under_the_same_name_are_another_search(finished, tiny_data, tmp_path):
    """Trials of two datasets cannot be compared: what chose the next ones would be another thing."""
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    make = configurations(data, "training.seeds=[0]")
    search(make, SPACE, tmp_path / "out", n_trials=1)
    marker = data / "dataset.json"
    marker.write_text(marker.read_text().replace(read_dataset(data).hash, "0" * 32))
    with pytest.raises(UserError, match=r"is a search of another dataset\n"):
        search(make, SPACE, tmp_path / "out", n_trials=2)


def test_a_trial_whose_folder_is_gone_keeps_its_score(finished, tiny_data, tmp_path):
    folder, table = finished
    mine = tmp_path / "out"
    shutil.copytree(folder, mine)
    shutil.rmtree(mine / "trial-0001")
    again = search(configurations(tiny_data, "training.seeds=[0, 1]"), SPACE, mine, n_trials=4)
    pd.testing.assert_series_equal(again["score"], table["score"])
    assert again["seeds_sd"].isna().tolist() == [False, True, False, False]
