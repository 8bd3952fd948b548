"""Trained models as files that need nothing of ours: torch alone reads a ``.pt2``, any ONNX runtime an ``.onnx``."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError, nearest
from cislearn.models.saving import read_card
from cislearn.prediction.loading import load_model, load_temperature, load_thresholds
from cislearn.prediction.predictor import NetworkPredictor
from cislearn.runs import runs_under
from cislearn.schema import DataSpec
from cislearn.version import __version__

Format = Literal["torch", "onnx"]
SUFFIXES: dict[Format, str] = {"torch": ".pt2", "onnx": ".onnx"}
ONNX = ("onnx", "onnxscript", "onnxruntime")
METADATA = "cislearn.json"
"""What the file within a ``.pt2`` is called, and the property of an ``.onnx``, that says what goes in and out."""
TOLERANCE = 1e-5
"""Greatest difference from the model's own logits; of logits beyond 1, relative to them."""
SIZES = (1, 3, 32)
"""Batches that what was written is tried on, so that no size is built in."""

Said = Callable[[Float32[np.ndarray, "n channels length"]], np.ndarray]
"""What an exported file says of windows."""


def export_model(path: Path | str, out: Path, method: str | None = None, *, format: str | None = None) -> Format:
    """Write a trained model as one file, and see that the file says what the model says.

    The file maps float32 windows ``(n, 4, length)``, one-hot in the order ACGT and all zeros where a base is not known
    (tracks below them), to logits ``(n, columns)``, for any n. Both strands are joined within, as the runs were
    configured, and the seeds of an experiment averaged. Beside that it holds `metadata`.

    Parameters
    ----------
    path : Path
        A run, a method's folder, or an experiment.
    out : Path
        The file to be.
    method : str, optional
        Of an experiment with several: which; by default the last listed that saw no target label.
    format : {"torch", "onnx"}, optional
        ``torch`` for `torch.export`, ``onnx`` for an ONNX runtime; by default as the name of `out` ends.

    Returns
    -------
    {"torch", "onnx"}
        The format.

    Raises
    ------
    UserError
        Where there is no such model, packages are missing, it cannot be exported, or the file says otherwise than the
        model; then nothing is written.
    """
    chosen = format_of(out, format)
    model, about = load_model(path, method), metadata(path, method)
    write, read = (_torch_bytes, _read_torch) if chosen == "torch" else (_onnx_bytes, _read_onnx)
    with _quiet():
        try:
            content = write(model, json.dumps(about, indent=2))
        except Exception as error:  # torch raises many kinds, and a user's own encoder any
            told = str(error).strip().splitlines() or [type(error).__name__]
            fix = "A network of your own must not branch on the values of its input, nor build in the size of a batch."
            raise UserError(f"cannot be exported for {chosen}: {told[0]}", where=path, fix=fix) from error
        with file_written_whole(out) as partial:
            partial.write_bytes(content)
            refuse_difference(model, read(partial.read_bytes()), where=out)
    return chosen


def format_of(out: Path, format: str | None = None) -> Format:
    """Return the format of that name or, where none is given, the one of files that are called like `out`.

    Raises
    ------
    UserError
        Where there is none, or a package that it needs is missing.
    """
    found = [each for each, suffix in SUFFIXES.items() if format == each or (format is None and out.suffix == suffix)]
    if not found:
        told = f"{out.name} ends in neither of {', '.join(SUFFIXES.values())}"
        problem = told if format is None else f"{format!r} is no format{nearest(format, SUFFIXES)}"
        raise UserError(problem, where="--format", fix=f"Take one of {', '.join(SUFFIXES)}.")
    missing = [name for name in ONNX if find_spec(name) is None] if found[0] == "onnx" else []
    if missing:
        raise UserError(f"needs {', '.join(missing)}", where="--format onnx", fix="pip install 'cislearn[onnx]'")
    return found[0]


def metadata(path: Path | str, method: str | None = None) -> dict[str, Any]:
    """Return what one has to know to use an exported model, as JSON has it.

    A binary task is called where its logit is at or above ``threshold``; its probability is the sigmoid of
    ``logit / temperature``. Either is None where none was chosen.
    """
    runs = runs_under(Path(path), method)
    infos, card = [run.info for run in runs], read_card(runs[0].path)
    thresholds, temperatures = load_thresholds(path, method), load_temperature(path, method)
    spec = card.spec
    tasks = [
        {
            "name": task.name,
            "kind": task.kind,
            "columns": [spec.columns(task.name).start, spec.columns(task.name).stop],
            "threshold": thresholds.get(task.name),
            "temperature": temperatures.get(task.name),
        }
        for task in spec.tasks
    ]
    return {
        "cislearn": __version__,
        "input": {"name": "windows", "shape": ["n", spec.channels, spec.length], "dtype": "float32"},
        "bases": "ACGT",
        "unknown_base": "all zeros",
        "tracks": [asdict(track) for track in spec.tracks],
        "output": {"name": "logits", "shape": ["n", spec.n_logits], "dtype": "float32"},
        "tasks": tasks,
        "strands": card.predict,
        "method": infos[0]["method"],
        "seeds": [info["seed"] for info in infos],
        "protocol": infos[0]["protocol"],
        "selection": infos[0]["selection"],
        "dataset": card.extra.get("dataset"),
    }


def refuse_difference(model: nn.Module, said: Said, *, where: Path) -> None:
    """Refuse a file that does not say what the model says of random windows, in batches of several sizes.

    Raises
    ------
    UserError
        Where a logit differs by more than `TOLERANCE`.
    """
    rng = np.random.default_rng(0)
    spec: DataSpec = model.spec  # type: ignore[assignment]
    for n in SIZES:
        tokens = rng.integers(0, 5, (n, spec.length), dtype=np.uint8)
        signals = rng.random((n, spec.channels - 4, spec.length), dtype=np.float32) if spec.tracks else None
        expected = NetworkPredictor(model).predict(tokens, signals)
        one_hot = (tokens[:, None] == np.arange(4)[:, None]).astype(np.float32)
        found = said(one_hot if signals is None else np.concatenate([one_hot, signals], axis=1))
        off = np.abs(found - expected) / np.maximum(1, np.abs(expected))
        if not off.max() <= TOLERANCE:  # NaN is refused too
            problem = f"the exported model is {off.max():.1e} off the one that it was made of; it was not written"
            raise UserError(problem, where=where, fix="Please report it with the encoder and the version of torch.")


def _torch_bytes(model: nn.Module, about: str) -> bytes:
    held = io.BytesIO()
    torch.export.save(_traced(model), held, extra_files={METADATA: about})
    return held.getvalue()


def _read_torch(content: bytes) -> Said:
    model = torch.export.load(io.BytesIO(content)).module()

    def said(x: Float32[np.ndarray, "n channels length"]) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return said


def _onnx_bytes(model: nn.Module, about: str) -> bytes:
    names = {"input_names": ["windows"], "output_names": ["logits"]}
    made = torch.onnx.export(_traced(model), dynamo=True, external_data=False, verbose=False, **names)  # type: ignore
    assert made is not None
    made.model.metadata_props[METADATA] = about
    return made.model_proto.SerializeToString()


def _read_onnx(content: bytes) -> Said:
    from onnxruntime import InferenceSession

    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda x: session.run(["logits"], {"windows": x})[0]


def _traced(model: nn.Module) -> torch.export.ExportedProgram:
    """Trace the model on two windows; the number of windows stays open."""
    spec: DataSpec = model.spec  # type: ignore[assignment]
    with torch.no_grad():
        example = torch.zeros(2, spec.channels, spec.length)
        return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("n")},))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters from telling the user of their own deprecations, and of torchvision, which nobody needs."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
