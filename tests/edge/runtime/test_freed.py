"""What a run holds is freed and counted, also where a program leaves it or a part fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.lamp import GREY, Counting, Lamp, engine
from fixtures.waiting import eventually

import edge
from edge.types import NS_PER_MS

__all__ = ["engine"]


def begun(source: Lamp) -> None:
    for _ in edge.open(source=source, asr="none", engine="counting"):
        break


def begun_while_held(source: Lamp) -> edge.Run:
    run = edge.open(source=source, asr="none", engine="counting")
    for _ in run:
        break
    return run


@pytest.mark.parametrize("leave", [begun, begun_while_held])
def test_a_loop_that_is_left_ends_its_run_without_a_with(
    engine: type[Counting], leave: Callable[[Lamp], edge.Run | None]
) -> None:
    source, before = Lamp(), set(threading.enumerate())
    run = leave(source)
    assert source.closed.is_set()
    assert all(one.closed for one in engine.opened)
    eventually(lambda: set(threading.enumerate()) <= before)
    del run


def test_a_run_that_is_dropped_unread_is_freed(engine: type[Counting], tmp_path: Path) -> None:
    run = edge.open(source=Lamp(), asr="none", engine="counting", record=tmp_path / "rec")
    verdicts = iter(run)
    del verdicts
    assert not any(one.closed for one in engine.opened)
    del run
    assert all(one.closed for one in engine.opened)
    assert not (tmp_path / "rec").exists()


@pytest.mark.parametrize("name", ["run", "session"])
def test_what_was_loaded_before_a_failure_is_freed(
    name: str, engine: type[Counting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("no room for a face detector")

    monkeypatch.setattr("edge.recognition.intake.FaceFrontEnd", fails)
    with pytest.raises(MemoryError):
        if name == "run":
            edge.open(source=Lamp(), asr="none", engine="counting", record=tmp_path / "rec")
        else:
            edge.Session(asr="none", settings={"engine.name": "counting"})
    assert engine.opened and all(one.closed for one in engine.opened)
    assert not (tmp_path / "rec").exists()


def test_a_recording_that_fails_frees_the_networks(engine: type[Counting], tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(edge.EdgeError, match="is not empty"):
        edge.open(source=Lamp(), asr="none", engine="counting", record=tmp_path)
    assert all(one.closed for one in engine.opened)


class Sudden(Lamp):
    """A picture and a chunk; when both are being worked on, `more` of each at once."""

    streams = frozenset({"vision", "audio"})
    more = 40

    def __init__(self) -> None:
        super().__init__()
        self.taken, self.delivered = threading.Semaphore(0), threading.Event()

    def packets(self) -> Iterator[Any]:
        start_ns = time.monotonic_ns()
        for k in range(1 + self.more):
            yield edge.Frame(start_ns, GREY, k)
            silence = np.zeros(320, np.float32)
            yield edge.Chunk(start_ns + k * 20 * NS_PER_MS, silence, 16_000, k * 320)
            if k == 0:
                assert self.taken.acquire(timeout=20) and self.taken.acquire(timeout=20)
        self.delivered.set()
        self.closed.wait()


def test_packets_that_wait_when_a_run_ends_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    source, held = Sudden(), threading.Event()

    def accept(packet: object) -> None:
        source.taken.release()
        held.wait(20)

    with edge.open(source=source, asr="none") as run:
        monkeypatch.setattr(run.recognizer, "accept_frame", accept)
        monkeypatch.setattr(run.recognizer, "accept_chunk", accept)
        for _ in run:
            if source.delivered.is_set():
                break
    held.set()
    assert run.telemetry.drops == {
        "frames: replaced": source.more - 1,
        "frames: the run ended": 1,
        "audio chunks: the run ended": source.more,
    }
