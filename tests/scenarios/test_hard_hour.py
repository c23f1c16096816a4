"""An hour harder than any room: devices that are lost every two seconds, faults drawn at random on
each, seven outputs attached and two of them dead. On a clock that the run drives, so an hour passes
in minutes, and the recording of it must replay to the same verdicts."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fixtures.held import memory_mib
from fixtures.pictures import picture

from edge.clock import Clock, HandClock
from edge.commands.show import show
from edge.config import load_config
from edge.demo.script import Script
from edge.errors import SourceError
from edge.faults import FAULTS
from edge.recognition.verdict import Verdict
from edge.recording.replay import Replay
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S

FPS = 5
LIFE_S = (0.5, 3.5)
"""A device is lost after a time drawn from these: every two seconds on average."""
DEAD_PORT = 9
"""Nobody listens at the port of the discard service."""


def clean(x: Any, severity: float, rng: np.random.Generator) -> Any:
    """No fault."""
    return x


class Room:
    """A camera or a microphone that is lost again and again, with another fault each time."""

    def __init__(self, stream: str, clock: Clock, seed: int) -> None:
        self._stream, self._clock = stream, clock
        self._rng = np.random.default_rng(seed)
        script = Script(40)
        shape = (320, 240)
        self._pictures = [
            picture(cv2.resize(script.frame(round(i * 25 / FPS)), shape)) for i in range(10 * FPS)
        ]
        self._sound = script.samples(0, 160_000)
        self.lives: Counter[str] = Counter()

    def feed(self) -> Feed:
        return Feed(self.source(), frozenset({self._stream}), lossless=False, renew=self.source)

    def source(self) -> ScriptedSource:
        """The device's next life: its length, its fault, and how it ends."""
        if sum(self.lives.values()) and self._rng.random() < 0.2:
            self.lives["does not open"] += 1
            raise SourceError(f"{self._stream} is not there.")
        name = str(self._rng.choice(["clean", *FAULTS[self._stream]]))
        fault = FAULTS[self._stream].get(name, clean)
        severity = float(self._rng.random())
        rng = np.random.default_rng(int(self._rng.integers(2**31)))
        life_s = float(self._rng.uniform(*LIFE_S))
        breaks = self._rng.random() < 0.5
        self.lives["breaks" if breaks else "ends"] += 1
        due = round(life_s * FPS) - 1

        def frame(index: int) -> np.ndarray:
            if breaks and index >= due:
                raise OSError("a cable was pulled")
            return np.asarray(fault(self._pictures[index % len(self._pictures)], severity, rng))

        def samples(first: int, count: int) -> np.ndarray:
            if breaks and first > (life_s - 0.1) * 16_000:
                raise OSError("a cable was pulled")
            heard = np.take(self._sound, range(first, first + count), mode="wrap")
            return np.asarray(fault(heard, severity, rng), np.float32)

        sees = self._stream == "vision"
        return ScriptedSource(
            frame if sees else None,
            None if sees else samples,
            FPS,
            life_s,
            self._clock,
            pace="live",
            name="camera" if sees else "microphone",
        )


def outputs(folder: Path) -> dict[str, Any]:
    """MQTT's broker and OSC's receiver are dead."""
    return {
        "output.jsonl": str(folder / "verdicts.jsonl"),
        "output.log": str(folder / "events.jsonl"),
        "http.address": "127.0.0.1:0",
        "mqtt.url": f"mqtt://127.0.0.1:{DEAD_PORT}/home/mood",
        "osc.address": f"127.0.0.1:{DEAD_PORT}",
        "output.table": False,
        "dashboard.show": True,
        "dashboard.browser": False,
        "dashboard.address": "127.0.0.1:0",
        "record.folder": str(folder / "recording"),
        "asr.engine": "none",
    }


def hard(folder: Path, minutes: float, watch: Callable[[int], None]) -> tuple[Run, list[Room]]:
    clock = HandClock(NS_PER_S)
    rooms = [Room("vision", clock, 1), Room("audio", clock, 2)]
    config = load_config(None, [], {**outputs(folder), "seconds": 60 * minutes})
    runs: list[Run] = []

    def make() -> Run:
        run = Run(config, lambda _: [room.feed() for room in rooms], clock=clock)
        take = run.telemetry.verdict

        def counted(verdict: Verdict) -> None:
            watch(verdict.seq)
            take(verdict)

        run.telemetry.verdict = counted  # type: ignore[method-assign]
        runs.append(run)
        return run

    show(config, lambda config: make())
    return runs[0], rooms


def lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def check(folder: Path, run: Run, rooms: list[Room], minutes: float) -> None:
    """Nothing is unexplained, the counters add up, and the replay is exact."""
    told = lines(folder / "events.jsonl")
    begun, ended = told[0], told[-1]
    assert (begun["event"], ended["event"]) == ("run_begun", "run_ended")
    assert ended["verdicts"] == run.telemetry.verdicts == ended["steps"] - ended["skipped"]
    assert ended["steps"] == pytest.approx(240 * minutes, abs=2)
    verdicts = lines(folder / "verdicts.jsonl")
    missed = sum(n for what, n in ended["drops"].items() if what.startswith("verdicts: --jsonl"))
    assert len(verdicts) + missed == ended["verdicts"]
    for line in verdicts:
        for name, stream in line["streams"].items():
            explained = stream["state"] == "used" or stream["reason"] is not None
            assert explained or name == "text", line
    events = Counter(one["event"] for one in told)
    lost = sum(room.lives["breaks"] + room.lives["ends"] for room in rooms)
    assert events["device_lost"] == pytest.approx(lost, abs=2)
    assert 0 <= events["device_lost"] - events["device_back"] <= 2
    assert all(one["sentence"] for one in told if one["event"].startswith("device"))
    assert events["mqtt_lost"] == 1 and "run_failed" not in events
    # The sentences of the summary are few: the same loss is told once.
    assert len(run.telemetry.notes) < 20
    replay = Replay(folder / "recording")
    replayed = sum(1 for _ in replay.verdicts())
    assert replay.ended and not replay.differing
    assert replay.compared == replayed == ended["verdicts"]


@pytest.mark.slow
def test_seconds_of_it(tmp_path: Path) -> None:
    run, rooms = hard(tmp_path, 0.25, lambda seq: None)
    check(tmp_path, run, rooms, 0.25)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_hour(tmp_path: Path) -> None:
    memory: dict[int, float] = {}

    def watch(seq: int) -> None:
        if seq % (240 * 5) == 0:
            gc.collect()
            memory[seq // 240] = memory_mib()

    run, rooms = hard(tmp_path, 60, watch)
    check(tmp_path, run, rooms, 60)
    print(f"resident MiB by minute: { {m: round(mib) for m, mib in memory.items()} }")
    assert memory[55] <= 1.03 * memory[10]
    assert sum(room.lives["breaks"] + room.lives["ends"] for room in rooms) > 2500
