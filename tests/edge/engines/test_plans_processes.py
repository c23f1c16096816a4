"""Several processes build plans in one folder: one is killed, two come at once, one never ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from fixtures.nvidia import keep_plan

from edge.engines import plans as module
from edge.engines.plan_key import PlanKey
from edge.engines.plans import Plans
from edge.errors import EngineError, PlanError

KEY = PlanKey("steam", "text", "ab" * 32, "fp16", ".plan", {"GPU": "One"})
WHOLE = b"a plan" * 99


def _killed(folder: Path) -> None:
    def fill(out: Path) -> None:
        out.write_bytes(b"half a")
        os.kill(os.getpid(), signal.SIGKILL)

    plans = Plans(folder)
    with plans.locked(KEY):
        plans.write(KEY, fill, {})


def test_a_build_that_is_killed_leaves_no_plan_and_the_next_cleans_up(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert [one for one in tmp_path.iterdir() if one.is_dir()]
    with pytest.raises(PlanError, match="There is no fp16 plan of text"):
        Plans(tmp_path).find(KEY)
    path = keep_plan(tmp_path, KEY, WHOLE)
    assert Plans(tmp_path).find(KEY) == path
    assert not [one for one in tmp_path.iterdir() if one.is_dir()]


def _build_unless_there(folder: Path, met: Any, builds: Any) -> None:
    plans = Plans(folder)

    def fill(out: Path) -> None:
        with builds.get_lock():
            builds.value += 1
        out.write_bytes(WHOLE)

    met.wait(60)  # both ask for the lock at about the same time
    with plans.locked(KEY):
        try:
            plans.find(KEY)
        except PlanError:
            plans.write(KEY, fill, {})


def test_of_two_builds_at_once_one_builds(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    met, builds = spawn.Barrier(2), spawn.Value("i", 0)
    both = [
        spawn.Process(target=_build_unless_there, args=(tmp_path, met, builds)) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [one.exitcode for one in both] == [0, 0] and builds.value == 1
    assert Plans(tmp_path).find(KEY).read_bytes() == WHOLE


def test_a_build_that_does_not_end_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_S", 0.05)
    other, mine = Plans(tmp_path).locked(KEY), Plans(tmp_path).locked(KEY)
    waits = pytest.raises(EngineError, match="Another process has built text-steam-fp16-")
    with other, waits, mine:
        raise AssertionError
