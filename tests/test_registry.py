from __future__ import annotations

import sys

import pytest

from cislearn.errors import UserError
from cislearn.models.encoder import encoders
from cislearn.objectives.objective import objectives
from cislearn.registry import Registry, check_options, options_of


@pytest.fixture
def registry() -> Registry:
    return Registry("filter", home="cislearn")


def test_ours_are_found_by_name_at_the_first_look_up():
    assert {"dann_tf", "motif_cnn"} <= set(encoders.names())
    assert {"supervised", "adversarial"} <= set(objectives.names())
    assert objectives.get("adversarial").__name__ == "Adversarial"


def test_an_unknown_name_is_answered_by_the_nearest():
    with pytest.raises(UserError, match=r"encoder 'motif_cn' is not known; did you mean motif_cnn\?") as caught:
        encoders.get("motif_cn")
    assert "file.py:Class" in caught.value.fix


def test_two_parts_of_one_name_are_refused_and_one_part_twice_is_not(registry):
    class One: ...

    class Two: ...

    assert registry.register("a")(One) is One
    registry.register("a")(One)
    with pytest.raises(ValueError, match="two filters are called 'a'"):
        registry.register("a")(Two)
    assert registry.names() == ["a"]


def test_a_class_from_a_file_beside_the_configuration(registry, tmp_path):
    (tmp_path / "mine.py").write_text("class Wide:\n    width = 7\n")
    assert registry.get("mine.py:Wide", [tmp_path]).width == 7
    assert registry.get(f"{tmp_path}/mine.py:Wide").width == 7


def test_a_class_from_a_package_beside_the_configuration_leaves_the_path_as_it_was(registry, tmp_path):
    (tmp_path / "pack_of_mine").mkdir()
    (tmp_path / "pack_of_mine" / "__init__.py").touch()
    (tmp_path / "pack_of_mine" / "parts.py").write_text("class Wide:\n    width = 9\n")
    before = list(sys.path)
    try:
        assert registry.get("pack_of_mine.parts:Wide", [tmp_path]).width == 9
        assert sys.path == before
    finally:
        for name in ("pack_of_mine", "pack_of_mine.parts"):
            sys.modules.pop(name, None)


def test_a_file_that_registers_itself_and_holds_a_dataclass_can_be_read_twice(tmp_path):
    """Each run of an experiment reads the file anew."""
    (tmp_path / "own.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from torch import nn\n"
        "from cislearn.models.encoder import register\n"
        "@dataclass\n"
        "class Setting:\n    width: int = 3\n"
        "@register('test_own')\n"
        "class Own(nn.Module):\n    setting = Setting()\n"
    )
    try:
        first, second = (encoders.get("own.py:Own", [tmp_path]) for _ in range(2))
        assert first.setting.width == second.setting.width == 3
        assert encoders.get("test_own").__name__ == "Own"
    finally:
        encoders._parts.pop("test_own", None)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("absent.py:Wide", "no file absent.py here or in"),
        ("no_such_package.parts:Wide", "No module named 'no_such_package'"),
        (":Wide", "cannot be imported"),
        (".parts:Wide", "cannot be imported"),
        ("broken.py:Wide", "cannot be imported"),
        ("mine.py:Wid", "has no 'Wid'; did you mean Wide"),
    ],
)
def test_addresses_that_lead_nowhere(registry, tmp_path, address, message):
    (tmp_path / "mine.py").write_text("class Wide: ...\n")
    (tmp_path / "broken.py").write_text("class Wide(:\n")
    with pytest.raises(UserError, match=message):
        registry.get(address, [tmp_path])


def test_options_are_what_can_be_given_by_keyword():
    def part(length, plain, old=3, *, width=5, needed): ...

    assert set(options_of(part)) == {"old", "width", "needed"}
    check_options(part, {"old": 1, "width": 2, "needed": 3}, what="encoder part")
    with pytest.raises(UserError, match=r"encoder part has no option 'widht'; did you mean width\?"):
        check_options(part, {"widht": 1}, what="encoder part")
    with pytest.raises(UserError, match="has no option 'length'"):
        check_options(part, {"length": 1}, what="encoder part")


def test_a_part_that_takes_anything_is_asked_nothing():
    check_options(lambda length, **anything: None, {"whatever": 1}, what="encoder free")


def test_a_part_without_options_says_so_without_an_empty_list():
    with pytest.raises(UserError) as caught:
        check_options(lambda length: None, {"width": 1}, what="encoder bare")
    assert str(caught.value) == "encoder bare has no option 'width'"
