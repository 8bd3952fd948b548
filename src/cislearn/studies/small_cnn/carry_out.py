"""From the files of the textbook to tables, page and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cislearn.atomic import file_written_whole
from cislearn.engine.devices import choose_device
from cislearn.engine.environment import describe_environment
from cislearn.progress import Progress, silent
from cislearn.studies.small_cnn.page import NAME, small_cnn_page
from cislearn.studies.small_cnn.pictures import pictures
from cislearn.studies.small_cnn.rivals import Rival, motif_scan, our_default, string_search
from cislearn.studies.small_cnn.runs import Run, train_all
from cislearn.studies.small_cnn.scores import ledger, scores
from cislearn.studies.small_cnn.trials import small_cnn_trials
from cislearn.studies.small_cnn.windows import Windows, read_windows
from cislearn.studies.study import Size
from cislearn.tables import write_table


def run_small_cnn(files: Path, out: Path, results: Path, size: Size = "desk", progress: Progress = silent) -> Path:
    """Train and score all networks and what they have to beat, write tables, page and pictures; return the page.

    On one core of a CPU: the networks are too small for a GPU to gain.

    Parameters
    ----------
    files : Path
        Folder that holds ``tfbs_primer/``.
    out : Path
        Where the experiment of our default goes.
    results : Path
        Where tables, page and pictures go; of the smoke size in a folder of their own below it.
    size : {"smoke", "desk", "paper"}
        See `small_cnn_trials`.
    progress : callable, optional
        Told of each run.

    Raises
    ------
    UserError
        Where files are absent or not as they were published.
    """
    windows = read_windows(files / "tfbs_primer")
    trials = small_cnn_trials(size)
    runs = list(train_all(trials, windows, progress))
    progress("string search, motif scan and our default")
    rivals = [string_search(windows), motif_scan(windows), our_default(windows, out / size, list(trials[0].seeds))]
    return write_results(results / size if size == "smoke" else results, runs, rivals, windows)


def write_results(results: Path, runs: Sequence[Run], rivals: Sequence[Rival], windows: Windows) -> Path:
    """Write a row a run, the scores over seeds, the page and its pictures; return the page."""
    results.mkdir(parents=True, exist_ok=True)
    labels = windows.labels[windows.test]
    machine = describe_environment(choose_device("cpu"))
    write_table(results / f"{NAME}.tsv", ledger(runs, labels, machine))
    found = scores(runs, rivals, labels)
    write_table(results / f"{NAME}.scores.tsv", found)
    texts = {f"{NAME}-{name}.svg": picture for name, picture in pictures(runs, labels).items()}
    page = f"{NAME}.md"
    for name, text in {**texts, page: small_cnn_page(found, rivals, windows)}.items():
        with file_written_whole(results / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return results / page
