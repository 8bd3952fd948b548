"""Parsers against files that are a little wrong; ``python tools/fuzz.py --n 1000000`` does the same at length."""

from __future__ import annotations

import runpy
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.experiment.reading import read_config
from cislearn.motifs.meme import read_meme

FUZZ = runpy.run_path(str(Path(__file__).resolve().parents[1] / "tools" / "fuzz.py"))
PARSERS = FUZZ["PARSERS"]


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_nothing_but_a_user_error_comes_out_and_nothing_wrong_comes_in(parser, tmp_path):
    assert list(FUZZ["faults"](parser, range(700), tmp_path)) == []


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_files_that_are_right_are_read(parser, tmp_path):
    for seed in parser.seeds:
        (tmp_path / f"x.{parser.name}").write_bytes(seed)
        parser.check(parser.read(tmp_path / f"x.{parser.name}"))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(parser, tmp_path, content):
    path = tmp_path / f"x.{parser.name}"
    path.write_bytes(content)
    with suppress(UserError):
        parser.check(parser.read(path))


@pytest.mark.parametrize("text", ["out: 2001-99-99", "out: !!float x", "data: &a {path: *a}", "out: !!int ''"])
def test_values_that_yaml_itself_stumbles_over(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UserError, match=r"c\.yaml"):
        read_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("training:\n  optimiser: {learning_rate: 1e9001}", 2),
        ("training:\n  optimiser: {weight_decay: .inf}", 2),
        ("methods:\n  - {name: adversarial, weight: .nan}", 2),
        ("model:\n\n  encoder: {name: motif_cnn, dropout: [.inf]}", 3),
    ],
)
def test_numbers_that_are_none_are_refused_with_their_line(tmp_path, text, line):
    """A rate of 1e9001 is infinite, and could not be written into the record of a run: seed 22266."""
    (tmp_path / "c.yaml").write_text(f"data: {{path: x}}\n{text}\n")
    with pytest.raises(UserError, match=rf"c\.yaml.* {line + 1}:.*finite number"):
        read_config(tmp_path / "c.yaml")


@pytest.mark.parametrize("sites", ["0", "-20", "nan", "inf"])
def test_a_motif_of_no_sites(tmp_path, sites):
    meme = next(parser for parser in PARSERS if parser.name == "meme").seeds[0].decode()
    (tmp_path / "m.meme").write_text(meme.replace("nsites= 20", f"nsites= {sites}"))
    with pytest.raises(UserError, match="line 8: nsites is"):
        read_meme(tmp_path / "m.meme")


def test_a_parser_that_crashes_or_takes_what_is_wrong_is_found_out(tmp_path):
    crash = FUZZ["Parser"]("crash", [b"1\n"], lambda path: int(path.read_bytes()), lambda value: None)
    wrong = FUZZ["Parser"]("wrong", [b"1\n"], lambda path: path.read_bytes(), FUZZ["check_motifs"])
    assert any("ValueError" in kind for _, kind in FUZZ["faults"](crash, range(50), tmp_path))
    assert any("AttributeError" in kind for _, kind in FUZZ["faults"](wrong, range(50), tmp_path))
