"""Compiled plans in a folder: what is not this graph's, machine's or whole is one sentence."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from filelock import FileLock
from fixtures.nvidia import keep_plan

from edge.engines.cache_folder import default_folder
from edge.engines.plan_key import PlanKey
from edge.engines.plans import Plans
from edge.errors import EngineError, PlanError

KEY = PlanKey("steam", "text", "ab" * 32, "fp16", ".plan", {"GPU": "One", "steam": "1.0"})
WHOLE = b"a plan" * 99


def beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def why_none(folder: Path, key: PlanKey = KEY) -> str:
    with pytest.raises(PlanError) as error:
        Plans(folder).find(key)
    said = str(error.value)
    assert "\n" not in said and said.endswith(".")
    return said


def test_a_plan_is_found_with_what_is_said_of_it(tmp_path: Path) -> None:
    path = keep_plan(tmp_path / "new", KEY, WHOLE)
    plans = Plans(tmp_path / "new")
    assert plans.find(KEY) == path and path.read_bytes() == WHOLE
    facts = plans.facts(KEY)
    assert facts["bytes"] == len(WHOLE) and facts["machine"] == KEY.machine
    assert sorted(one.name for one in path.parent.iterdir()) == [
        path.name,
        beside(path).name,
        path.name + ".lock",
    ]


def test_no_plan_at_all(tmp_path: Path) -> None:
    wanted = f"There is no fp16 plan of text for steam in {tmp_path / 'none'}: compile one with"
    assert why_none(tmp_path / "none").startswith(wanted)
    assert Plans(tmp_path / "none").facts(KEY) == {}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GPU", "Two", "was compiled for GPU One, and this is Two;"),
        ("steam", "2.0", "was compiled for steam 1.0, and this is 2.0;"),
        ("DLA core", "0", "was compiled for no DLA core, and this is 0;"),
    ],
)
def test_a_plan_of_another_machine_or_version(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    keep_plan(tmp_path, KEY, WHOLE)
    here = replace(KEY, machine={**KEY.machine, name: value})
    said = why_none(tmp_path, here)
    assert says in said and "cdat-export compile" in said


def test_a_plan_for_a_part_that_this_machine_lacks(tmp_path: Path) -> None:
    keep_plan(tmp_path, replace(KEY, machine={**KEY.machine, "DLA core": "1"}), WHOLE)
    assert "was compiled for DLA core 1, and this is without;" in why_none(tmp_path)


def test_a_plan_of_another_bundle(tmp_path: Path) -> None:
    keep_plan(tmp_path, replace(KEY, graph_sha256="cd" * 32), WHOLE)
    assert "is of another bundle" in why_none(tmp_path)


def test_a_plan_of_another_machine_under_this_ones_name(tmp_path: Path) -> None:
    there = keep_plan(tmp_path, replace(KEY, machine={"GPU": "Two", "steam": "1.0"}), WHOLE)
    mine = tmp_path / KEY.file
    there.rename(mine)
    beside(there).rename(beside(mine))
    assert "was altered" in why_none(tmp_path)


@pytest.mark.parametrize("damage", ["a flipped bit", "half", "nothing"])
def test_a_damaged_plan(tmp_path: Path, damage: str) -> None:
    path = keep_plan(tmp_path, KEY, WHOLE)
    flipped = bytes([WHOLE[0] ^ 1]) + WHOLE[1:]
    path.write_bytes({"a flipped bit": flipped, "half": WHOLE[:50], "nothing": b""}[damage])
    assert "was altered or cut off: compile it again" in why_none(tmp_path)
    keep_plan(tmp_path, KEY, WHOLE)
    assert Plans(tmp_path).find(KEY) == path


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"null", b"{", b"[" * 100_000, b'{"machine": 5}']
)
def test_garbage_in_the_second_file(tmp_path: Path, content: bytes) -> None:
    path = keep_plan(tmp_path, KEY, WHOLE)
    beside(path).write_bytes(content)
    assert "its .json was altered or cut off: compile it again" in why_none(tmp_path)
    # Nor does it disturb the search for another machine's plan.
    other = replace(KEY, machine={"GPU": "Three"})
    assert "There is no fp16 plan of text" in why_none(tmp_path, other)


def test_a_plan_without_its_second_file_is_none(tmp_path: Path) -> None:
    """So it is after a build that was killed between the two."""
    path = keep_plan(tmp_path, KEY, WHOLE)
    beside(path).unlink()
    assert "There is no fp16 plan of text" in why_none(tmp_path)
    keep_plan(tmp_path, KEY, WHOLE)
    path.unlink()
    assert f"There is no fp16 plan of text for steam in {tmp_path}:" in why_none(tmp_path)


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for folder in (file, file / "below"):
        with pytest.raises(EngineError) as error:
            keep_plan(folder, KEY, WHOLE)
        said = str(error.value)
        assert said.startswith(f"A plan cannot be written to {folder} (") and "\n" not in said
        assert "Not a directory" in why_none(folder)


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    path = keep_plan(tmp_path, KEY, WHOLE)
    plans = Plans(tmp_path)

    def fill(out: Path) -> None:
        out.write_bytes(b"half a")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    no_space = pytest.raises(EngineError, match=r"No space left on device\): make room")
    with no_space, plans.locked(KEY):
        plans.write(KEY, fill, {})
    assert plans.find(KEY) == path and path.read_bytes() == WHOLE
    assert len(list(tmp_path.iterdir())) == 3


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fill(out: Path) -> NoReturn:
        out.write_bytes(b"half a")
        raise EngineError("Steam is lost.")

    plans = Plans(tmp_path)
    with pytest.raises(EngineError, match=r"^Steam is lost\.$"), plans.locked(KEY):
        plans.write(KEY, fill, {})
    assert [one.name for one in tmp_path.iterdir()] == [KEY.file + ".lock"]


def test_a_folder_on_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(lock: Any, *arguments: Any, **options: Any) -> NoReturn:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(EngineError, match="a file system without locks"):
        keep_plan(tmp_path, KEY, WHOLE)


def test_a_graphs_name_is_no_pattern(tmp_path: Path) -> None:
    odd = replace(KEY, graph="te[x]t*")
    keep_plan(tmp_path, odd, WHOLE)
    assert "compiled for GPU One" in why_none(tmp_path, replace(odd, machine={"GPU": "Two"}))


def test_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "cdat-edge" / "plans" == Plans().folder
    monkeypatch.delenv("XDG_CACHE_HOME")

    def homeless() -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(EngineError, match="set XDG_CACHE_HOME to a folder"):
        Plans()
