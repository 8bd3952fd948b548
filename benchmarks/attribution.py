"""Attributions of Basset's network, by the product and by tangermeme on PyTorch's own layers with the same weights."""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from benchmarks.measuring import Measure, compare, interleave
from benchmarks.results import Result, keep
from cislearn.engine.environment import package_version
from cislearn.explain.attribute import Attributor
from cislearn.explain.inputs import inputs_of
from cislearn.explain.methods import Settings
from cislearn.explain.references import one_hot_references, shuffled
from cislearn.models.network import OneHot, build_network
from cislearn.schema import DataSpec, TaskSpec

LENGTH = 600
TASK = "bound"
AT_ONCE = 32
"""Windows of a plain gradient at once, and pairs and changed windows of tangermeme: its default."""
SAME = 1e-4
"""By which share of the greatest value the two may differ, in fp64."""
WINDOWS = {"gradient_x_input": 64, "deep_lift": 2, "mutagenesis": 40}
"""How many are attributed."""
REFERENCES = 20
TEXT = """\
`basset` on windows of 600 bp, fp32. *cislearn*: `Attributor`, from tokens to arrays, with the checks of its sums and
the outputs that it tells. The other: the network of PyTorch's own layers with the same weights and frozen, one-hot
windows in memory. Before anything is timed, values agree within 1e-4 of the greatest, in fp64: in fp32 rounding
decides between maxima that are nearly equal. The ratio is over the first row.
"""
TEXTS = {
    "gradient_x_input": "*plain*: `torch.autograd.grad`, 32 windows at once, less the mean over the bases. Four fifths"
    " of cislearn's\ntime are the second and third convolutions, forward and back, on which the other spends as long:"
    " what is saved\nis saved on norms, maxima and the first convolution, and that bounds the ratio.",
    "deep_lift": "tangermeme's DeepLIFT/SHAP, against the same 20 dinucleotide-shuffled references a window. cislearn"
    " hands\ntangermeme a copy with norms folded, whose convolutions read a window once for all of its references in a"
    " batch\nand take multipliers back once a pair. What is left is for the most part tangermeme's rule for maxima.",
    "mutagenesis": "tangermeme's saturation mutagenesis, which computes of each layer what a change reaches (*fast*,"
    " its default).\ncislearn hands it a copy with norms folded.",
}

Attribute = Callable[[], Float[Tensor, "n 4 length"]]


class Contenders(NamedTuple):
    """A method both ways, on the same windows."""

    attributor: Attributor
    tokens: UInt8[np.ndarray, "n length"]
    references: UInt8[np.ndarray, "n r length"] | None
    plain: dict[str, Attribute]


def networks(dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    """Return our network and the plain one of the same weights, with norms that do something."""
    torch.manual_seed(0)
    spec = DataSpec((TaskSpec(TASK),), (), LENGTH)
    ours, plain = (build_network("basset", spec, {"layers": kind}).eval() for kind in ("channels_last", "plain"))
    for module in ours.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.running_var, 0.01, 0.05)  # type: ignore[arg-type]
    plain.load_state_dict(ours.state_dict())
    return ours.to(dtype), plain.to(dtype).requires_grad_(False)


def contenders(method: str, n: int, dtype: torch.dtype = torch.float32) -> Contenders:
    """Return a method both ways on `n` windows."""
    ours, plain = networks(dtype)
    rng = np.random.default_rng(0)
    tokens = rng.integers(4, size=(n, LENGTH)).astype(np.uint8)
    x = OneHot()(torch.from_numpy(tokens)).to(dtype)
    drawn = shuffled(tokens, REFERENCES, rng) if method == "deep_lift" else None
    ways: dict[str, Attribute] = {
        "gradient_x_input": {"plain": lambda: _gradient(plain, x)},
        "deep_lift": {"tangermeme": lambda: _deep_lift(plain, x, drawn)},
        "mutagenesis": {"tangermeme": lambda: _mutagenesis(plain, x)},
    }[method]
    return Contenders(
        Attributor([ours], TASK, settings=Settings(method)),
        tokens,
        None if drawn is None else drawn.argmax(2).numpy().astype(np.uint8),
        ways,
    )


def _gradient(plain: nn.Module, x: Tensor) -> Tensor:
    found = []
    for batch in x.split(AT_ONCE):
        at = batch.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(plain(at).sum(), at)
        found.append(gradient - gradient.mean(1, keepdim=True))
    return torch.cat(found)


def _deep_lift(plain: nn.Module, x: Tensor, references: Tensor | None) -> Tensor:
    from tangermeme.deep_lift_shap import deep_lift_shap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return deep_lift_shap(
            plain, x, references=references, hypothetical=True, batch_size=AT_ONCE, device="cpu", dtype=x.dtype
        )


def _mutagenesis(plain: nn.Module, x: Tensor) -> Tensor:
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    return saturation_mutagenesis(plain, x, hypothetical=True, batch_size=AT_ONCE, device="cpu")


def difference(method: str, n: int) -> float:
    """Return by how much cislearn and the first other differ in fp64, as a share of the greatest value."""
    found = contenders(method, n, torch.float64)
    inputs = inputs_of(torch.from_numpy(found.tokens))
    references = None if found.references is None else one_hot_references(found.references).double()
    inputs = inputs._replace(x=inputs.x.double(), references=references)
    ours = found.attributor.settings.explain(found.attributor.readouts[0], inputs).hypothetical
    other = next(iter(found.plain.values()))()
    return float((ours - other).abs().max() / other.abs().max())


def rows(method: str, n: int, rounds: int) -> list[dict[str, object]]:
    """Return the rows of a method."""
    off = difference(method, 1)
    if off > SAME:
        raise RuntimeError(f"{method}: the two differ by {off:.2g} of the greatest value")
    found = contenders(method, n)
    ours = _measured(lambda: found.attributor(found.tokens, references=found.references), n)
    others = {name: _measured(attribute, n) for name, attribute in found.plain.items()}
    compared = compare(interleave({**others, "cislearn": ours}, rounds), next(iter(others)), unit="windows/s")
    return [{"method": method, "windows": n, **row} for row in compared]


def _measured(attribute: Callable[[], object], n: int) -> Measure:
    def measure() -> float:
        began = time.perf_counter()
        attribute()
        return n / (time.perf_counter() - began)

    return measure


def main() -> None:
    """Measure all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--method", choices=WINDOWS, action="append", help="only this one; several may be given")
    options = parser.parse_args()
    versions = {"tangermeme": package_version("tangermeme") or ""}
    results = [
        Result(
            "attribution",
            f"Attributions: {method.replace('_', ' ')}",
            f"{TEXT}{TEXTS[method]}",
            rows(method, WINDOWS[method], options.rounds),
            versions,
        )
        for method in options.method or WINDOWS
    ]
    keep(results, "attribution")


if __name__ == "__main__":
    main()
