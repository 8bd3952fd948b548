from __future__ import annotations

import pytest

from cislearn.engine import precision
from cislearn.engine.devices import Device


@pytest.mark.parametrize(
    ("accelerator", "has_bf16", "expected"),
    [("cpu", True, "bf16-mixed"), ("cpu", False, "32-true"), ("mps", True, "32-true")],
)
def test_auto_takes_bfloat16_where_the_device_computes_in_it(monkeypatch, accelerator, has_bf16, expected):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: has_bf16)
    assert precision.choose_precision("auto", Device(accelerator, "one")) == expected


def test_what_is_asked_for_is_taken(monkeypatch):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    assert precision.choose_precision("32-true", Device("cpu", "one")) == "32-true"
