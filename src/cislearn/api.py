"""The Python interface: the verbs of the command line as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cislearn.data.dataset import Dataset, read_dataset
from cislearn.data.track_files import TrackPaths
from cislearn.errors import UserError
from cislearn.experiment.comparing import Comparison, compare_runs
from cislearn.experiment.execute import Experiment, run_experiment
from cislearn.experiment.reading import dotted, make_config
from cislearn.experiment.reporter import Reporter
from cislearn.explain.attribute import Attributor
from cislearn.explain.file_attributions import FileAttributions, attribute_source
from cislearn.explain.methods import Settings
from cislearn.explain.sources import Source, windows_of_dataset, windows_of_file
from cislearn.explain.write import check_folder, write_attributions
from cislearn.prediction.loading import load_members, weights_hashes
from cislearn.progress import Progress, silent
from cislearn.reports.attributions import LOGOS, write_attributions_page
from cislearn.runs import runs_under
from cislearn.schema import DataSpec


def train(
    data: Dataset | Path | str,
    *,
    target: str | None = None,
    methods: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None = None,
    seeds: int | Sequence[int] = 3,
    out: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Experiment:
    """Train methods side by side, compare them on the same loci, and write a report.

    Parameters
    ----------
    data : Dataset or Path
        A dataset, or its folder.
    target : str, optional
        The domain adapted to, whose labels training never sees.
    methods : str or mapping, or a list of them, optional
        By default ``source_only`` and ``adversarial`` with a target, ``supervised`` without.
    seeds : int or list of int
        How many, from 0, or which.
    out : Path, optional
        The experiment's folder; by default ``runs/`` and the dataset's name.
    settings : mapping, optional
        Other keys of the configuration, nested or dotted: ``{"training.epochs": 5}``, ``{"training": {"epochs": 5}}``.
    overwrite : bool
        Remove what the folder holds and train again.
    reporter : Reporter, optional
        Hears of the progress.

    Returns
    -------
    Experiment
        Its `metrics` are a table; `predict` scores a file.

    Raises
    ------
    UserError
        Where data, configuration or folder do not allow it.
    """
    path = data.path if isinstance(data, Dataset) else Path(data)
    if path is None:
        raise UserError("a dataset in memory has no folder to train from", fix="write_dataset gives it one.")
    wanted = methods or (["source_only", "adversarial"] if target is not None else ["supervised"])
    values = {
        "data": {"path": str(path), "target": target},
        "methods": [wanted] if isinstance(wanted, str | Mapping) else list(wanted),
        "training": {"seeds": list(range(seeds)) if isinstance(seeds, int) else list(seeds)},
        "out": str(out or Path("runs") / path.resolve().name),
    }
    others = [f"{key}={_yaml(value)}" for key, value in dotted(settings or {}).items()]
    config = make_config(values, others, where="settings")
    return run_experiment(config, search=[Path.cwd()], reporter=reporter, overwrite=overwrite)


def compare(*runs: Path | str, data: Sequence[Path | str] = (), allow_unlike: bool = False) -> Comparison:
    """Compare finished runs on the test loci that they share, paired by locus and seed; the first is the baseline.

    Parameters
    ----------
    runs : Path or str
        Two or more: an experiment (its default method), ``EXPERIMENT:METHOD``, a method's folder, one run.
    data : sequence of Path
        Where their datasets lie now, if they have moved.
    allow_unlike : bool
        Compare runs although data, domains or split differ; every row of the table then says so.

    Returns
    -------
    Comparison
        Its `table` holds every metric with its interval and its difference to the first run.

    Raises
    ------
    UserError
        See `cislearn.experiment.comparing.compare.compare_runs`.
    """
    return compare_runs(runs, data=data, allow_unlike=allow_unlike)


def attribute(
    run: Path | str,
    task: str,
    *,
    input: Path | str | None = None,
    data: Path | str | None = None,
    part: str | None = None,
    domain: str | None = None,
    most: int | None = None,
    genome: Path | str | None = None,
    tracks: Mapping[str, TrackPaths] | None = None,
    by: str = "gradient_x_input",
    of: str | None = None,
    references: str | None = None,
    n_references: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    method: str | None = None,
    reverse_complement: str | None = None,
    out: Path | str | None = None,
    logos: int = LOGOS,
    overwrite: bool = False,
    device: str = "cpu",
    progress: Progress = silent,
) -> FileAttributions:
    """Say what each base of windows is worth for one number of a trained model, the mean over its seeds.

    Parameters
    ----------
    run : Path
        The folder of an experiment or of a run.
    task : str
        The task; there is no default, since attributions of the wrong task look like any other.
    input : Path, optional
        Windows: FASTA, BED, narrowPeak or table, read as for a prediction.
    data, part, domain, most
        In its place the dataset that the run was trained on, and which of the rows that the run predicted: ``test``
        (the default) or ``valid``, of one domain, so many of them at most.
    genome : Path, optional
        FASTA, for regions.
    tracks : mapping of str to Path, optional
        The bigWig file of each track that the model reads, for `input`.
    by : str
        One of `cislearn.explain.methods.METHODS`.
    of : str, optional
        Of a multiclass task the class; of a profile ``counts`` or ``shape``.
    references, n_references, steps, seed
        See `cislearn.explain.methods.Settings`.
    method : str, optional
        Of an experiment with several: which; by default the last listed that saw no target label.
    reverse_complement : str, optional
        What is made of the two strands, however the run was trained.
    out : Path, optional
        A folder for the files of `write_attributions` and a page of logos.
    logos : int
        Windows that are drawn there, those of the highest outputs.
    overwrite : bool
        Replace attributions that `out` holds.
    device : str
        Where to compute.
    progress : Progress, optional
        Hears how far it is.

    Returns
    -------
    FileAttributions
        A row for each row of the source, zero where it could not be attributed, and the reason.

    Raises
    ------
    UserError
        Where task, windows or settings do not fit the model, or sums that a method promises do not hold.
    """
    settings = Settings(by, references, n_references, steps, seed)
    if out is not None:
        check_folder(Path(out), overwrite)
    members = load_members(Path(run), method, reverse_complement)
    attributor = Attributor(members, task, of, settings, device=device)
    if (input is None) == (data is None):
        raise UserError("give windows either as a file or as a dataset", where="--input, --data")
    source = (
        _rows_of(Path(run), method, Path(data), attributor.spec, part, domain, most)
        if data is not None
        else windows_of_file(Path(input), attributor.spec, genome=genome, tracks=tracks, progress=progress)  # type: ignore[arg-type]
    )
    found = attribute_source(attributor, source, progress)
    if out is not None:
        about = {
            "run": str(run),
            "method": by,
            "task": task,
            "of": of,
            "strands": reverse_complement or "as configured",
            "seeds": len(members),
            "windows": source.description,
            "references": settings.kind,
            "n_references": settings.shuffles if settings.kind == "shuffled" else None,
            "steps": settings.places if settings.known.takes_steps else None,
            "seed": seed if settings.kind == "shuffled" else None,
            "weights": weights_hashes(run, method),
        }
        write_attributions(Path(out), found, about, looked_at=source.description, chromosomes=source.chromosomes)
        write_attributions_page(Path(out), logos)
    return found


def _rows_of(
    run: Path, method: str | None, data: Path, spec: DataSpec, part: str | None, domain: str | None, most: int | None
) -> Source:
    first = runs_under(run, method)[0]
    return windows_of_dataset(read_dataset(data), first, spec, part=part or "test", domain=domain, most=most)


def _yaml(value: Any) -> str:
    import json

    import yaml

    # YAML takes JSON's 5e-05 for a word, and its own 5.0e-05 for a number.
    return yaml.safe_dump(json.loads(json.dumps(value, default=str)), default_flow_style=True, width=10**9)
