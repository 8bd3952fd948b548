from __future__ import annotations

import pytest

from cislearn.atomic import write_json
from cislearn.errors import UserError
from cislearn.runs import ExperimentFolder, RunFolder, default_method, read_record, runs_under


@pytest.fixture
def experiment(tmp_path):
    """Two methods of two seeds, whole, and a run that a kill left half-way."""
    methods, seeds = ["supervised", "adversarial"], [0, 10]
    for method in methods:
        for seed in seeds:
            write_json(tmp_path / method / f"seed-{seed}" / "run.json", {"format": 1, "method": method, "seed": seed})
    write_json(tmp_path / "adversarial" / "seed-3.partial" / "run.json", {"format": 1})
    write_json(tmp_path / "experiment.json", {"format": 1, "methods": methods, "seeds": seeds})
    return tmp_path


def seeds_of(runs):
    return [(run.info["method"], run.info["seed"]) for run in runs]


def test_an_experiment_stands_for_its_last_method_or_the_one_named(experiment):
    assert seeds_of(runs_under(experiment)) == [("adversarial", 0), ("adversarial", 10)]
    assert seeds_of(runs_under(experiment, "supervised")) == [("supervised", 0), ("supervised", 10)]
    with pytest.raises(UserError, match="holds no method 'ladder'; it has supervised, adversarial"):
        runs_under(experiment, "ladder")


def test_a_folder_of_a_method_stands_for_its_whole_runs_and_a_run_for_itself(experiment):
    assert seeds_of(runs_under(experiment / "adversarial")) == [("adversarial", 0), ("adversarial", 10)]
    assert runs_under(experiment / "supervised" / "seed-10") == [RunFolder(experiment / "supervised" / "seed-10")]


@pytest.mark.parametrize("folder", ["supervised", "supervised/seed-10"])
def test_a_method_that_is_named_is_that_of_the_runs(experiment, folder):
    assert runs_under(experiment / folder, "supervised") == runs_under(experiment / folder)
    with pytest.raises(UserError, match="holds no method 'adversarial'; it has supervised"):
        runs_under(experiment / folder, "adversarial")


def test_a_folder_without_a_finished_run_says_so(tmp_path):
    with pytest.raises(UserError, match="holds no finished run") as caught:
        runs_under(tmp_path)
    assert caught.value.where == tmp_path


def test_experiments_of_each_domain_are_named_one_by_one(tmp_path):
    write_json(tmp_path / "each.json", {"format": 1, "folders": ["K562", "HepG2"]})
    with pytest.raises(UserError, match="one for each domain: K562, HepG2") as caught:
        runs_under(tmp_path)
    assert str(tmp_path / "K562") in str(caught.value.fix)


def test_predictions_are_of_the_last_method_that_saw_no_target_label():
    info = {"methods": ["supervised", "adversarial", "on_target"], "upper_bounds": ["on_target"]}
    assert default_method(info) == "adversarial"
    assert default_method({"methods": ["on_target"], "upper_bounds": ["on_target"]}) == "on_target"
    assert default_method({"methods": ["on_target", "too"], "upper_bounds": ["too", "on_target"]}) == "too"


def test_a_run_takes_its_name_when_it_is_whole(tmp_path):
    run = ExperimentFolder(tmp_path).run("supervised", 4)
    assert run.path == tmp_path / "supervised" / "seed-4"
    write_json(run.partial / "run.json", {"format": 1})
    assert not run.is_finished
    run.finish()
    assert run.is_finished
    assert not run.partial.exists()


def test_a_run_does_not_take_the_place_of_another(tmp_path):
    run = RunFolder(tmp_path / "seed-0")
    write_json(run.path / "run.json", {"format": 1})
    write_json(run.partial / "run.json", {"format": 1})
    with pytest.raises(UserError, match=r"cannot be renamed from seed-0\.partial"):
        run.finish()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 1, "me', "is not whole"),
        ('{"format": 2}', "has format 2; this version reads format 1"),
        ("[1, 2]", "has format None"),
        (b"\xff\xfe", "is not whole"),
    ],
)
def test_records_that_cannot_be_read_are_named(tmp_path, content, message):
    path = tmp_path / "run.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError, match=message) as caught:
        read_record(path)
    assert caught.value.where == path


def test_an_absent_record_names_its_folder(tmp_path):
    with pytest.raises(UserError, match=r"no run\.json") as caught:
        read_record(tmp_path / "run.json")
    assert caught.value.where == tmp_path


def test_an_experiment_is_finished_by_its_record(experiment, tmp_path_factory):
    assert ExperimentFolder(experiment).is_finished
    assert not ExperimentFolder(tmp_path_factory.mktemp("empty")).is_finished
