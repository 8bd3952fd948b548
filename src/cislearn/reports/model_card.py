"""The card of a model, in Markdown: what it is, what it learned from, how good it is, and where that ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.data.describe import split_in_words
from cislearn.prediction.export import metadata
from cislearn.reports.answer import caveats_of_method
from cislearn.reports.measures import in_order, measure
from cislearn.reports.numbers import DASH, count, decimal, interval, listed
from cislearn.reports.palette import label_of
from cislearn.reports.read import ReportData, read_report_data
from cislearn.runs import EXPERIMENT, ExperimentFolder, default_method, runs_under

CARD = "model_card.md"
STRANDS = {
    "forward": "the strand given",
    "average": "both strands, the mean of their logits",
    "average_probabilities": "both strands, the mean of their probabilities",
    "maximum": "both strands, the greater of their logits",
}
ALWAYS = (
    "Any other cell type, condition, species, assay or way of choosing windows is untested.",
    "Whole windows were scored. What the model says of single bases or of variants was not tested here.",
    "Probabilities are calibrated on validation loci, and hold where the share of positives is like theirs.",
)
INTERVALS = "95 % intervals: of one seed over loci and seeds, of seeds averaged over loci"
LOADING = """\
```python
import cislearn

model = cislearn.load_model("{folder}"{method})
```

```console
cislearn predict {folder}{option} --input windows.fa --out scores.tsv
```
"""
EXPORTED = "`{file}` is this model as one file; what it takes and gives stands in `cislearn.json` within it.\n"


@dataclass(frozen=True)
class Carded:
    """A model and the records that speak of it.

    Parameters
    ----------
    data : ReportData
        Of the experiment; of the run alone where no experiment stands around it.
    folder : Path
        What the model is loaded from: the experiment, or a folder of runs.
    method : str
        Whose model it is.
    about : dict
        `cislearn.prediction.export.metadata`: tasks, strands, seeds, protocol, selection.
    concerns : tuple of str
        What looked wrong in the training of any of its runs.
    counted : int
        Bases of the words whose counts stand beside the network in any of them; 0 for none.
    """

    data: ReportData
    folder: Path
    method: str
    about: dict[str, Any]
    concerns: tuple[str, ...]
    counted: int


def write_model_cards(folder: Path) -> list[Path]:
    """Write ``METHOD/model_card.md`` for each method of a finished experiment; give back their paths."""
    data = read_report_data(folder)
    methods = ExperimentFolder(folder).info["methods"]
    return [_write(folder / name / CARD, model_card(_carded(data, folder, name))) for name in methods]


def write_exported_card(path: Path, out: Path, method: str | None = None) -> Path:
    """Write the card of an exported model beside its file; give back its path."""
    return _write(exported_card(out), model_card(read_carded(path, method), file=out.name))


def exported_card(out: Path) -> Path:
    """Return where the card of an exported model stands: ``foxa1.pt2.md`` by ``foxa1.pt2``."""
    return out.with_name(f"{out.name}.md")


def read_carded(path: Path, method: str | None = None) -> Carded:
    """Read what there is to say of the model that `cislearn.prediction.loading.load_model` gives.

    The scores of a single run are those of its method in the experiment around it: only over loci and seeds do they
    have intervals.

    Raises
    ------
    UserError
        Where there is no finished model, or a file of its folder is absent or cut short.
    """
    first = runs_under(path, method)[0].path.resolve()
    around = next((folder for folder in (path, first.parent.parent) if (folder / EXPERIMENT).is_file()), None)
    data = read_report_data(around or first)
    return _carded(data, path, method if method or not (path / EXPERIMENT).is_file() else default_method(data.info))


def _carded(data: ReportData, path: Path, method: str | None) -> Carded:
    runs = [run.info for run in runs_under(path, method)]
    concerns = dict.fromkeys(str(concern) for run in runs for concern in run.get("concerns", []))
    counted = max((told["k"] for run in runs for told in run.get("kmer_counts", {}).values()), default=0)
    return Carded(data, path, runs[0]["method"], metadata(path, method), tuple(concerns), counted)


def _write(path: Path, text: str) -> Path:
    with file_written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def model_card(carded: Carded, *, file: str = "") -> str:
    """Return the card as Markdown; `file` is the exported model's name, where it is told beside one."""
    data, method = carded.data, carded.method
    sections = {
        "What it is": _listing(_model_facts(carded)),
        "What it learned from": _listing(_data_facts(data)),
        "How good it is": _scores(carded),
        "Calls and probabilities": _calibration(carded),
        "Where that ends": _bullets(_limits(carded)),
        "How to load it": EXPORTED.format(file=file) if file else _loading(carded),
        "How it was made": _listing(_origin(data)),
    }
    parts = [f"# {data.name}: {label_of(method)}\n", "*Written by cislearn from the records of the experiment.*\n"]
    return "\n".join([*parts, *(f"## {title}\n\n{text}" for title, text in sections.items() if text)])


def _model_facts(carded: Carded) -> dict[str, str]:
    about, layers = carded.about, carded.data.layers
    n_parameters = layers.get("parameters")
    size = f", {count(n_parameters)} parameters" if n_parameters else ""
    size += f"; counts of {carded.counted}-mers beside it" if carded.counted else ""
    return {
        "Network": f"{layers['encoder']}{size}" if "encoder" in layers else "",
        "Reads": f"windows of {count(about['input']['shape'][2])} bp; {STRANDS[about['strands']]}",
        "Tracks": listed([track["name"] for track in about["tracks"]]),
        "Predicts": listed([f"{task['name']} ({task['kind']})" for task in about["tasks"]]),
        "Method": label_of(carded.method),
        "Protocol": about["protocol"],
        "Selection": about["selection"].replace("_", " "),
        "Seeds": ", ".join(map(str, about["seeds"])),
    }


def _data_facts(data: ReportData) -> dict[str, str]:
    dataset = data.dataset
    domains = [
        f"{domain['name']} ({domain.get('role', 'other')}, {count(domain['n'])} windows)"
        for domain in dataset.get("domains", [])
    ]
    return {
        "Data": Path(str(dataset.get("dataset") or "")).name,
        "Hash": str(dataset.get("hash", "")),
        "Domains": listed(domains),
        "Split": split_in_words(dataset.get("split", {})),
    }


def _scores(carded: Carded) -> str:
    """Tell each metric of the method on each part, of single seeds and, where there are several, of their mean."""
    data = carded.data
    single = data.summary[data.summary["method"] == carded.method]
    mean = data.averaged[data.averaged["method"] == carded.method]
    heads = ["on", "domain", "task", "metric", "one seed", *(["seeds averaged"] if len(mean) else []), "loci"]
    rows: list[list[str]] = []
    for place, here in single.groupby(["part", "domain", "task"], sort=False):
        part, domain, task = map(str, place)
        for metric in in_order(here["metric"]):
            if measure(metric).is_further and metric != "calibration_error":
                continue
            row = here[here["metric"] == metric].iloc[0]
            same = mean[(mean["part"] == part) & (mean["task"] == task) & (mean["metric"] == metric)]
            averaged = [_estimate(same)] if len(mean) else []
            told = _estimate(here[here["metric"] == metric])
            rows.append([part, domain, task, measure(metric).label, told, *averaged, count(row["n"])])
    around = INTERVALS if single["low"].notna().any() else "A single run has no intervals"
    share = ", ".join(
        f"{decimal(row['prevalence'], 2)} on {row['part']} ({row['task']})"
        for row in single.drop_duplicates(["part", "task"]).to_dict("records")
        if row["prevalence"] == row["prevalence"]
    )
    positives = f" Share of positives: {share}." if share else ""
    return f"{_table(heads, rows)}\n{around}.{positives}\n"


def _estimate(rows: pd.DataFrame) -> str:
    """``.890 (.870 - .900)``; a dash where there is none."""
    if rows.empty:
        return DASH
    row = rows.iloc[0]
    around = interval(row["low"], row["high"])
    return decimal(row["estimate"]) + (f" ({around})" if around else "")


def _calibration(carded: Carded) -> str:
    """Tell from which logit each binary task is called, and what its logits are divided by."""
    binary = [task for task in carded.about["tasks"] if task["kind"] == "binary"]
    rows = [
        [task["name"], *(DASH if task[key] is None else decimal(task[key]) for key in ("threshold", "temperature"))]
        for task in binary
    ]
    if not rows:
        return ""
    meaning = "Called where the logit is at or above the threshold; the probability is sigmoid(logit / temperature)."
    return f"{_table(['task', 'threshold', 'temperature'], rows)}\n{meaning}\n"


def _limits(carded: Carded) -> Iterable[str]:
    """What the records say against the numbers, and what nothing here has tested."""
    data = carded.data
    tested = dict.fromkeys(data.summary.loc[data.summary["method"] == carded.method, "domain"])
    yield f"Scored on {listed(list(tested))}, and on nothing else."
    if data.target is not None and data.sees_target(carded.method):
        yield f"It learned from labels of {data.target}: its score there is an upper bound for methods that do not."
    if carded.about["selection"] == "oracle":
        yield "Its weights were chosen with target labels (oracle)."
    yield from ALWAYS
    yield from caveats_of_method(data, carded.method)
    yield from carded.concerns


def _loading(carded: Carded) -> str:
    folder = carded.folder
    if folder.is_absolute() and folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    has_several = (folder / EXPERIMENT).is_file()
    method, option = (f', method="{carded.method}"', f" --method {carded.method}") if has_several else ("", "")
    return LOADING.format(folder=folder, method=method, option=option)


def _origin(data: ReportData) -> dict[str, str]:
    versions = data.environment.get("packages", {})
    told = [f"{name} {versions[name]}" for name in ("cislearn", "torch", "python") if versions.get(name)]
    command = data.info.get("command")
    return {
        "Command": f"`{command}`" if command else "",
        "Finished": str(data.info.get("finished", "")).replace("T", " "),
        "With": listed(told),
        "Git": data.environment["git"] if isinstance(data.environment.get("git"), str) else "",
    }


def _listing(facts: dict[str, str]) -> str:
    return _bullets(f"{name}: {value}" for name, value in facts.items() if value)


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; bars within names are kept from ending a cell."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
