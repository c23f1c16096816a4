"""How a run ends: by a close from anywhere, by a file, or with a source or an engine that fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.lamp import GREY, Counting, Lamp, engine
from fixtures.media import write_clip
from fixtures.mjpeg import MjpegCamera, mjpeg_server
from fixtures.waiting import eventually

import edge
from edge.demo.script import Script
from edge.errors import ConfigError, SourceError
from edge.runtime.live import join_all
from edge.types import NS_PER_MS

__all__ = ["engine", "mjpeg_server"]


class Voice(Lamp):
    """The same for sound: a voice, as sound without one is not encoded."""

    streams = frozenset({"audio"})

    def packets(self) -> Iterator[Any]:
        script, first = Script(60), 0
        start_ns = time.monotonic_ns()
        while not self.closed.wait(0.02):
            samples = script.samples(first, 320)
            yield edge.Chunk(start_ns + first // 16 * NS_PER_MS, samples, 16_000, first)
            first += 320


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_an_engine_is_closed_by_the_thread_that_still_runs_it(engine: type[Counting]) -> None:
    run = edge.open(source=Voice(), asr="none", engine="counting")
    engine.holds = threading.Event()
    for _ in run:
        if engine.entered.is_set():
            break
    run.close()
    assert not any(one.closed for one in engine.opened)
    engine.holds.set()
    eventually(lambda: all(one.closed for one in engine.opened))
    assert not engine.wrong


def test_a_source_that_cannot_be_closed_is_a_note(engine: type[Counting]) -> None:
    class Stuck(Lamp):
        def close(self) -> None:
            super().close()
            raise OSError("unplugged\nwith details")

    with edge.open(source=Stuck(), asr="none", seconds=0.5, engine="counting") as run:
        assert list(run)
    assert "lamp could not be closed: unplugged" in run.telemetry.notes
    assert all(one.closed for one in engine.opened)
    eventually(lambda: not {"vision", "audio", "read lamp"} & threads())


def test_a_close_before_the_first_verdict_frees_everything(
    engine: type[Counting], tmp_path: Path
) -> None:
    source = Lamp()
    run = edge.open(source=source, asr="none", engine="counting", record=tmp_path / "rec")
    verdicts = iter(run)
    run.close()
    assert all(one.closed for one in engine.opened)
    assert source.closed.is_set() and not (tmp_path / "rec").exists()
    assert list(verdicts) == [] and not source.opened


def test_a_closed_run_cannot_be_iterated() -> None:
    source = Lamp()
    run = edge.open(source=source, asr="none")
    run.close()
    run.close()
    with pytest.raises(ConfigError, match=r"The run is closed: open another one\."):
        iter(run)
    assert not source.opened


def test_a_close_from_another_thread_stops_the_run(engine: type[Counting]) -> None:
    run = edge.open(source=Lamp(), asr="none", engine="counting")
    failures: list[BaseException] = []

    def close() -> None:
        try:
            run.close()
        except BaseException as error:
            failures.append(error)

    for verdict in run:
        if verdict.seq == 1:
            threading.Timer(0.1, close).start()
    assert not failures
    assert all(one.closed for one in engine.opened)


def test_a_run_that_another_thread_left_is_freed_by_a_close(engine: type[Counting]) -> None:
    run = edge.open(source=Lamp(), asr="none", engine="counting")
    verdicts = iter(run)
    thread = threading.Thread(target=lambda: next(verdicts))
    thread.start()
    thread.join()
    run.close()
    assert all(one.closed for one in engine.opened)


def test_a_second_thread_cannot_iterate_the_same_run() -> None:
    with edge.open(source=Lamp(), asr="none", settings={"window.step_s": 3.0}) as run:
        verdicts = iter(run)
        thread = threading.Thread(target=lambda: list(verdicts))
        thread.start()
        eventually(lambda: "read lamp" in threads())
        with pytest.raises(ConfigError, match="on another thread"):
            next(verdicts)
        run.stop()
        thread.join()


def test_a_run_ends_with_its_file_though_the_camera_beside_it_goes_on(
    tmp_path: Path, mjpeg_server: Callable[..., MjpegCamera]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 1)
    ended = threading.Event()
    with edge.open(file=clip, camera=mjpeg_server().url, asr="none") as run:

        def iterate() -> None:
            list(run)
            ended.set()

        threading.Thread(target=iterate, daemon=True).start()
        eventually(ended.is_set)
    assert 4 <= run.telemetry.verdicts <= 12


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Lamp(fails=ValueError("no light\nat all")), "lamp failed: no light"),
        (Lamp(packet="x"), "lamp delivers a str"),
        (Lamp(packet=edge.Frame(0, GREY.astype(np.float32), 0)), "not a uint8 array"),
        (Lamp(packet=edge.Frame(0, GREY[..., 0], 0)), "not a uint8 array"),
    ],
)
def test_a_source_that_delivers_nonsense_is_an_error_of_one_sentence(
    source: Lamp, says: str
) -> None:
    with (
        edge.open(source=source, asr="none", seconds=20) as run,
        pytest.raises(SourceError) as error,
    ):
        list(run)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_source_that_reports_nothing_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Lamp()
    monkeypatch.setattr(source, "report", lambda: None)
    with edge.open(source=source, asr="none") as run, pytest.raises(SourceError) as error:
        list(run)
    assert str(error.value).startswith("lamp gives no report")
    assert source.closed.is_set()


def test_a_source_whose_open_crashes_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash() -> None:
        raise ZeroDivisionError("by nought")

    source = Lamp()
    monkeypatch.setattr(source, "open", crash)
    with edge.open(source=source, asr="none") as run, pytest.raises(SourceError) as error:
        list(run)
    assert str(error.value) == "lamp cannot be opened: by nought"


def test_threads_that_hang_are_waited_for_together() -> None:
    asked_s: list[float] = []
    over = threading.Event()

    class Hanging(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            assert timeout is not None
            asked_s.append(timeout)
            super().join(timeout)

    hanging = [Hanging(target=over.wait, daemon=True) for _ in range(3)]
    for thread in hanging:
        thread.start()
    join_all(hanging, 0.05)
    over.set()
    assert asked_s[0] <= 0.05 and asked_s[1:] == [0, 0]
