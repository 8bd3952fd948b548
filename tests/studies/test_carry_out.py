from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.underway import settle
from cislearn.studies.carry_out import Results, carry_out
from cislearn.studies.plan import Timing, estimate_costs
from cislearn.studies.show import plan_lines, progress_table, write_page
from cislearn.studies.study import Study, Trial, choose_trials
from tests.conftest import TINY


class Small(Study):
    """Two trials on the simulated data, two seeds each."""

    name = "small"
    title = "A small study"
    axes = ("protocol", "target")
    introduction = "What is compared."
    data: ClassVar[Path]

    def trials(self, size, files, work):
        return [
            Trial({"protocol": selection, "target": "hep"}, self.config(selection, work / selection))
            for selection in ("last", "oracle")
        ]

    def config(self, selection, out):
        settings = [f"{key}={value}" for key, value in TINY.items()]
        values = {"data": {"path": str(self.data), "target": "hep"}, "out": str(out), "selection": selection}
        return make_config(values, [*settings, "training.seeds=[3, 5]"])


@pytest.fixture(scope="module")
def study(tiny_data, tmp_path_factory):
    Small.data = tiny_data
    return Small()


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    trials = study.trials("desk", Path(), folder / "runs")
    results = Results.of(study, folder / "results")
    carry_out(Small(), trials, results, Reporter())
    return trials, results


def test_the_ledger_has_a_row_a_run_the_first_seeds_first(finished):
    _, results = finished
    rows = results.runs.read()
    assert rows["seed"].tolist() == ["3"] * 4 + ["5"] * 4
    assert rows["method"].tolist() == ["source_only", "adversarial"] * 4
    assert rows["identity"].nunique() == 4
    assert rows[["commit", "cpu", "seconds", "steps", "AUROC", "F1", "F1 at .5"]].notna().all().all()


def test_the_rows_are_those_of_the_experiments_own_tables(finished):
    trials, results = finished
    rows, scores = results.runs.read(), results.scores.read()
    for trial in trials:
        summary = pd.read_csv(trial.config.out / "summary.tsv", sep="\t")
        target = summary[(summary["part"] == "target test") & (summary["method"] == "adversarial")]
        for metric in ("AUROC", "AUPRC", "F1", "F1 at .5"):
            estimate = target.set_index("metric").loc[metric, "estimate"]
            mine = rows[(rows["protocol"] == trial.keys["protocol"]) & (rows["method"] == "adversarial")]
            assert mine[metric].mean() == pytest.approx(estimate, abs=1e-5)
            score = scores[(scores["protocol"] == trial.keys["protocol"]) & (scores["method"] == "adversarial")]
            assert score.set_index("metric").loc[metric, "estimate"] == pytest.approx(estimate)
            assert score["n_seeds"].eq(2).all()


def test_what_stands_in_the_ledger_is_not_run_again(finished, monkeypatch):
    trials, results = finished
    monkeypatch.setattr("cislearn.studies.carry_out.run_experiment", lambda *a, **k: pytest.fail("it was run again"))
    pages = []
    carry_out(Small(), trials, results, Reporter(), lambda: pages.append(len(results.runs.read())))
    assert pages == [8]


def test_a_study_goes_on_from_its_ledger_alone(study, finished, tmp_path):
    """Elsewhere, without the folders of the runs: only what the ledger lacks is trained."""
    _, results = finished
    ledger = results.runs.read()
    moved = Results.of(study, tmp_path / "results")
    moved.runs.add(ledger[~((ledger["seed"] == "5") & (ledger["protocol"] == "oracle"))])
    trials = study.trials("desk", Path(), tmp_path / "runs")
    carry_out(study, trials, moved, Reporter())
    assert not trials[0].config.out.exists()
    assert not (trials[1].config.out / "adversarial" / "seed-3").exists()
    again = moved.runs.read().sort_values(["protocol", "method", "seed"], ignore_index=True)
    before = ledger.sort_values(["protocol", "method", "seed"], ignore_index=True)
    pd.testing.assert_series_equal(again["AUROC"], before["AUROC"])


def test_scores_over_more_seeds_stay_where_a_study_goes_on_elsewhere(study, finished, tmp_path):
    """On another machine that has ledger and scores but not the runs: one seed more does not make a table poorer."""
    _, results = finished
    ledger, scores = results.runs.read(), results.scores.read()
    moved = Results.of(study, tmp_path / "results")
    moved.runs.add(ledger)
    moved.scores.add(scores)
    further = [choose_trials(study.trials("desk", Path(), tmp_path / "runs"), ["protocol=last"])[0]]
    training = further[0].config.training
    config = further[0].config.model_copy(update={"training": training.model_copy(update={"seeds": [3, 5, 6]})})
    one = choose_trials([Trial(further[0].keys, config)], ["method=adversarial"])
    carry_out(study, one, moved, Reporter())
    assert len(moved.runs.read()) == len(ledger) + 1
    order = ["protocol", "method", "metric"]
    again, before = (table.sort_values(order, ignore_index=True) for table in (moved.scores.read(), scores))
    pd.testing.assert_frame_equal(again, before)
    carry_out(study, [Trial(further[0].keys, config)], Results.of(study, tmp_path / "anew"), Reporter())
    anew = Results.of(study, tmp_path / "anew").scores.read()
    assert anew["n_seeds"].eq(3).all()


def test_a_seed_that_is_asked_for_by_itself_is_scored_with_those_before(study, finished, tmp_path):
    """Cut down to one seed at a time, a trial was scored on the last one alone."""
    _, results = finished
    apart = Results.of(study, tmp_path / "results")
    for seed in (3, 5):
        mine = study.trials("desk", Path(), tmp_path / "runs")
        carry_out(study, choose_trials(mine, ["protocol=last", f"seed={seed}"]), apart, Reporter())
    found, expected = apart.scores.read(), results.scores.read()
    assert found["n_seeds"].eq(2).all()
    expected = expected[expected["protocol"] == "last"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[["method", "metric", "estimate"]], expected[["method", "metric", "estimate"]])


def test_trials_whose_scores_were_lost_are_named(study, finished, tmp_path):
    trials, results = finished
    lost = Results.of(study, tmp_path)
    lost.runs.add(results.runs.read())
    scores = results.scores.read()
    lost.scores.add(scores[scores["protocol"] == "last"])
    page = write_page(study, trials, lost, estimate_costs([])).read_text()
    assert "## Without scores" in page and page.rstrip().endswith("- oracle-hep")
    assert "Without scores" not in write_page(study, trials, results, estimate_costs([])).read_text()


def test_plan_and_page_say_what_is_left(study, finished, tmp_path):
    trials, results = finished
    costs = estimate_costs(trials)
    assert (costs["seconds"] > 0).all() and len(costs) == 4
    done = progress_table(trials, results, costs)
    assert done["core_hours_left"].eq(0).all()
    fresh = Results.of(study, tmp_path / "results")
    left = progress_table(trials, fresh, costs)
    assert plan_lines(left)[0].startswith("8 runs, 0 of them in the ledger; about ")
    assert left["core_hours_left"].sum() == pytest.approx(2 * costs["seconds"].sum() / 3600)
    fresh.runs.add(results.runs.read()[:4])
    page = write_page(study, trials, fresh, costs).read_text()
    assert page.count("not run: 1 of 2 (est. 0.00 core-h)") == 4
    page = write_page(study, trials, results, costs).read_text()
    assert page.startswith("# A small study\n\nWhat is compared.\n\n## Over the first method\n")
    assert "| last | adversarial | 1 | " in page and "## protocol: last\n" in page
    assert "not run" not in page and page.count("| adversarial | 2 | .") == 2


@pytest.mark.slow
def test_a_study_killed_while_it_is_scored_is_scored_when_it_goes_on(study, finished, tmp_path, monkeypatch):
    trials, before = finished
    results = Results.of(study, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Small, "scores", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        carry_out(study, trials, results, Reporter())
    carry_out(study, trials, results, Reporter())
    pd.testing.assert_frame_equal(results.scores.read(), before.scores.read())
    assert len(results.runs.read()) == 8


def test_scores_of_other_settings_do_not_stand_for_those_of_the_page(study, finished, tmp_path):
    """The same trials by name, but none of their runs is in the ledger: they were of another configuration."""
    trials, before = finished
    results = Results.of(study, tmp_path)
    results.scores.add(before.scores.read())
    ledger = before.runs.read()
    results.runs.add(ledger.assign(identity=ledger["identity"].where(ledger["protocol"] == "last", "another")))
    page = write_page(study, trials, results, estimate_costs(trials)).read_text()
    assert page.count("| adversarial | 2 | .") == 1
    assert page.count("not run: 2 of 2") == 2
    assert "| oracle | adversarial | 1 |" not in page


def test_the_smoke_size_never_takes_the_place_of_the_committed_tables(study, tmp_path):
    desk, smoke = (Results.of(study, tmp_path, size) for size in ("desk", "smoke"))
    assert {desk.runs.path, desk.scores.path}.isdisjoint({smoke.runs.path, smoke.scores.path})
    assert Results.of(study, tmp_path, "paper").runs.path == desk.runs.path  # more seeds of the same runs


def test_the_plan_counts_the_validation_rows_that_choose_the_weights(study, finished):
    """Under the oracle these are the target's, which may be many more than the sources'."""
    trials, _ = finished
    timing = Timing()
    found = {}
    for trial in trials:
        setting, methods, _, _ = settle(trial.config, read_dataset(trial.config.data.path))
        made = gather_materials(setting, methods[0], 0)
        timing.known = {timing.key(setting, methods[0]): (0.0, 1.0)}
        seconds, _ = timing.seconds(setting, methods[0])
        found[trial.keys["protocol"]] = seconds / -(-made.plan.steps // made.plan.validate_every)
        rows = {side: len(setting.roles.labelled_rows(side, "valid")) for side in ("sources", "target")}
    assert found == {"last": rows["sources"], "oracle": rows["target"]}


def test_trials_are_chosen_by_their_axes(finished):
    trials, _ = finished
    assert choose_trials(trials, []) == trials
    assert choose_trials(trials, ["protocol=oracle", "target=hep"]) == trials[1:]
    assert choose_trials(trials, ["protocol=oracle,last"]) == trials
    for setting, message in (
        ("protocl=last", "axis 'protocl' is not known; did you mean protocol?"),
        ("protocol=lst", "protocol 'lst' is not known; did you mean last?"),
    ):
        with pytest.raises(UserError, match=re.escape(message)):
            choose_trials(trials, [setting])
    with pytest.raises(UserError, match="no trial has all of protocol=last, protocol=oracle"):
        choose_trials(trials, ["protocol=last", "protocol=oracle"])
