"""`cdat-edge run --sources`: several sessions in one process, each as if it were alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.media import write_clip
from fixtures.waiting import LIMIT_S
from numpy.typing import NDArray

from edge import engines
from edge.bench.load import standard_load
from edge.bundle import Bundle, default_bundle
from edge.clock import Clock
from edge.config.sessions import Plan, load_plan
from edge.engines import Arrays
from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.errors import DeviceError
from edge.recognition.verdict import Verdict, verdict_schema
from edge.runtime.feed import Feed
from edge.runtime.sessions import Session, Sessions
from edge.sources.base import Source, SourceReport
from edge.types import Packet
from export.bundle.any_batch import write_any_batch

__all__ = ["cli"]

SPEECH = Path(engines.__file__).parents[1] / "assets" / "demo_speech.opus"
QUICK = ("--set", "asr.engine=none", "--set", "window.step_s=0.5")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write_sources(path: Path, *sessions: dict[str, Any], **share: float) -> str:
    path.write_text(json.dumps({"share": share, "sessions": sessions}), "utf-8")  # JSON is YAML
    return str(path)


def test_two_files_at_once_and_a_damaged_one_beside_them(cli: Cli, tmp_path: Path) -> None:
    one, two, bad = (tmp_path / name for name in ("one.mp4", "two.mp4", "bad.mp4"))
    write_clip(one, 1)
    write_clip(two, 2)
    bad.write_bytes(bytes(range(256)) * 40)
    sources = write_sources(
        tmp_path / "sources.yaml",
        {"name": "one", "file": str(one), "jsonl": str(tmp_path / "one.jsonl")},
        {"name": "bad", "file": str(bad), "log": str(tmp_path / "bad.log")},
        {"name": "two", "file": str(two), "record": str(tmp_path / "record")},
    )
    every = tmp_path / "all.jsonl"
    code, told, error = cli("run", "--sources", sources, "--jsonl", str(every), *QUICK)
    assert code == 1 and "Traceback" not in error
    head, first, second, third = told.splitlines()
    assert head.split() == ["session", "verdicts", "seconds", "dropped", *["why", "it", "ended"]]
    assert first.split() == ["one", "2", "1.0", "0", *["its", "file", "has", "ended"]]
    assert second.startswith("bad") and "bad.mp4 cannot be read as sound or video" in second
    assert third.split() == ["two", "4", "2.0", "0", *["its", "file", "has", "ended"]]
    assert [line for line in error.splitlines() if line.startswith("bad: ")][-1].endswith(".")
    lines = lines_of(every)
    for line in lines:
        jsonschema.validate(line, verdict_schema())
    assert [line["seq"] for line in lines if line["session"] == "one"] == [0, 1]
    assert [line["seq"] for line in lines if line["session"] == "two"] == [0, 1, 2, 3]
    # Its own file needs no name in each line.
    assert ["session" in line for line in lines_of(tmp_path / "one.jsonl")] == [False, False]
    assert [line["event"] for line in lines_of(tmp_path / "bad.log")] == [
        *("run_begun", "run_failed", "run_ended")
    ]
    code, _, _ = cli("replay", str(tmp_path / "record"), "--check")
    assert code == 0


def test_a_session_whose_recording_ends_early_is_told_by_the_exit_code(
    cli: Cli, tmp_path: Path
) -> None:
    write_clip(tmp_path / "a.mp4", 1)
    one: dict[str, Any] = {
        "name": "a",
        "file": str(tmp_path / "a.mp4"),
        "record": str(tmp_path / "r"),
    }
    one |= {"set": {"record.max_mb": 0.001}}
    sources = write_sources(tmp_path / "sources.yaml", one)
    code, told, _ = cli("run", "--sources", sources, *QUICK)
    assert code == 1
    assert "its file has ended its recording ended early: it has reached its limit" in told


@pytest.mark.parametrize(
    ("session", "parts"),
    [
        ({"jsonl": "no/such/folder/a.jsonl"}, ["session a", "no/such/folder"]),
        ({"log": "no/such/folder/a.log"}, ["session a", "no/such/folder"]),
        ({"set": {"window.step_s": 9}}, ["session a", "window.step_s"]),
        ({"camera": 0, "mic": 0}, ["session a", "neither sound nor video"]),
    ],
)
def test_what_cannot_begin_is_refused_before_anything_runs(
    cli: Cli, tmp_path: Path, session: dict[str, Any], parts: list[str]
) -> None:
    write_clip(tmp_path / "a.mp4", 1)
    one = {"name": "a", "file": str(tmp_path / "a.mp4"), **session}
    sources = write_sources(tmp_path / "sources.yaml", one)
    complaint(cli("run", "--sources", sources, *QUICK), *parts)


def test_a_missing_file_of_sources_is_named(cli: Cli, tmp_path: Path) -> None:
    complaint(cli("run", "--sources", str(tmp_path / "none.yaml")), "--sources", "none.yaml")


@pytest.fixture(scope="module")
def any_batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch") / "bundle"
    return write_any_batch(Bundle.load(default_bundle()), folder)


@pytest.mark.slow
@pytest.mark.parametrize("batches", [True, False])
def test_each_session_gives_the_verdicts_that_its_clip_gives_alone(
    cli: Cli, data_dir: Path, tmp_path: Path, any_batch: Path, batches: bool
) -> None:
    """Real clips of talking faces, words included."""
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))[:3]
    assert len(clips) == 3
    sources = write_sources(
        tmp_path / "sources.yaml",
        *({"name": clip.stem, "file": str(clip)} for clip in clips),
        wait_ms=1,
    )
    every = tmp_path / "all.jsonl"
    bundle = ("--bundle", str(any_batch)) if batches else ()
    code, _, error = cli("run", "--sources", sources, "--jsonl", str(every), *bundle)
    assert code == 0, error
    assert ("takes one item a pass" in error) is not batches
    shared = re.search(r"vision: (\d+) items in (\d+) passes", error)
    assert shared and (int(shared[2]) < int(shared[1])) is batches
    for clip in clips:
        assert cli("run", "--file", str(clip), "--jsonl", str(tmp_path / "alone"))[0] == 0
        alone = lines_of(tmp_path / "alone")
        found = [line for line in lines_of(every) if line["session"] == clip.stem]
        assert len(alone) > 10 and len(found) == len(alone)
        for line, other in zip(found, alone, strict=True):
            for key in ("seq", "label", "mask", "span_ns", "transcript", "faces", "face_box"):
                assert line[key] == other[key]
            assert line["scores"] == pytest.approx(other["scores"], abs=1e-4)


class Unplugged:
    """A camera that is gone after some pictures."""

    def __init__(self, camera: Source, pictures: int) -> None:
        self._camera, self._pictures = camera, pictures
        self.name, self.streams = "unplugged camera", frozenset({"vision"})

    def open(self) -> None:
        self._camera.open()

    def packets(self) -> Iterator[Packet]:
        for number, packet in enumerate(self._camera.packets()):
            if number == self._pictures:
                raise DeviceError("the unplugged camera is gone: plug it in.")
            yield packet

    def close(self) -> None:
        self._camera.close()

    def report(self) -> SourceReport:
        return self._camera.report()


class Slow(OnnxRuntimeEngine):
    """A pass of the vision encoder takes 20 ms: two cameras of 25 Hz are too many."""

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        if "crop" in self.spec.inputs:
            time.sleep(0.02)
        return super().run(arrays)


def camera_plan(tmp_path: Path, *names: str, **options: Any) -> Plan:
    sessions = ({"name": name, "camera": place} for place, name in enumerate(names))
    sources = write_sources(tmp_path / "sources.yaml", *sessions)
    return load_plan(Path(sources), None, ["asr.engine=none"], options)


@contextmanager
def kept(verdicts: dict[str, list[Verdict]], session: Session) -> Iterator[Callable[..., None]]:
    yield verdicts.setdefault(session.name, []).append


@pytest.mark.slow
def test_of_two_cameras_one_is_gone_and_the_other_goes_on(tmp_path: Path) -> None:
    vision = frozenset({"vision"})

    def healthy(clock: Clock) -> list[Feed]:
        return standard_load(7).feeds(vision)(clock)

    def gone(clock: Clock) -> list[Feed]:
        source = Unplugged(standard_load(7).source(clock, vision), 25)
        return [Feed(source, vision, lossless=True)]

    found: dict[str, list[Verdict]] = {}
    ended: list[str] = []
    feeds = {"well": healthy, "gone": gone}
    with Sessions(camera_plan(tmp_path, "well", "gone", seconds=6), feeds=feeds) as sessions:
        sessions.work(lambda session: kept(found, session), lambda one: ended.append(one.name))
        well, lost = sessions.all
    assert ended == ["gone", "well"]
    assert lost.error is not None and "the unplugged camera is gone" in lost.error
    assert well.saved and well.why == "its seconds are over"
    assert len(found["well"]) == 24 and 3 <= len(found["gone"]) <= 12
    assert found["well"][-1].streams["vision"].state == "used"


@pytest.mark.slow
def test_under_overload_each_camera_keeps_its_newest_pictures_and_counts_its_drops(
    tmp_path: Path,
) -> None:
    engines.register_engine("slow", Slow)
    vision = frozenset({"vision"})
    # Every picture is looked at: 75 a second, and 50 are possible.
    options = {"engine.name": "slow", "vision.min_gap_ms": 0}
    plan = camera_plan(tmp_path, "a", "b", "c", seconds=3, **options)
    plan = replace(plan, share=plan.share.model_copy(update={"batch_max": 1}))
    feeds = {name: standard_load(4).feeds(vision) for name in "abc"}
    found: dict[str, list[Verdict]] = {}
    with Sessions(plan, feeds=feeds) as sessions:
        sessions.work(lambda session: kept(found, session))
        dropped = [session.dropped for session in sessions.all]
        items = sessions.models.networks.passes["vision"].items
    assert min(dropped) > 5 and max(dropped) < 3 * min(dropped)
    assert 30 < items < 160
    for verdicts in found.values():
        age_ms = verdicts[-1].streams["vision"].age_ms
        assert age_ms is not None and age_ms < 1000  # newest, not a queue that grows


@pytest.mark.slow
def test_ctrl_c_ends_all_sessions_in_order(tmp_path: Path) -> None:
    sessions = (
        {"name": name, "file": str(SPEECH), "pace": "live", "record": str(tmp_path / name)}
        for name in ("a", "b")
    )
    sources = write_sources(tmp_path / "sources.yaml", *sessions)
    command = [sys.executable, "-m", "edge", "run", "--sources", sources, "--jsonl", "-", *QUICK]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        seen: set[str] = set()
        while seen != {"a", "b"}:
            seen.add(json.loads(process.stdout.readline())["session"])
        process.send_signal(signal.SIGINT)
        try:
            out, told = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    assert process.returncode == 0 and "Traceback" not in told, told
    for line in out.splitlines():
        jsonschema.validate(json.loads(line), verdict_schema())
    assert sum(line.endswith("stopped") and line.split()[0] in "ab" for line in told.splitlines())
    for name in ("a", "b"):
        replay = [sys.executable, "-m", "edge", "replay", str(tmp_path / name), "--check"]
        assert subprocess.run(replay, capture_output=True).returncode == 0
