"""The recorder does not delay the run, writes complete data, and reports when it stops."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.unprivileged import unprivileged

from edge.bundle import Bundle, default_bundle
from edge.errors import SinkError
from edge.recognition.tap import StepInput
from edge.recording import Recorder, recorder
from edge.recording.events import Ended, Observed, Seen, Stepped
from edge.recording.log import LogWriter, read_log
from edge.recording.recorder import Note
from edge.recording.session import (
    SESSION_NAME,
    EngineIdentity,
    RecordingHeader,
    describe_session,
    read_session,
)
from edge.types import Frame, Observation

QUALITY = np.zeros(6, np.float32)


@pytest.fixture(scope="module")
def session() -> RecordingHeader:
    bundle = Bundle.load(default_bundle())
    engine = EngineIdentity(name="onnxruntime", precision="fp32", threads=1, device="test")
    return describe_session(bundle, engine, bundle.manifest.window, "features", 7)


def seen(k: int, size: int = 48) -> tuple[Frame, Observation]:
    crop = np.full((1, size, size), (k % 256) / 255, np.float32)
    return Frame(k, np.full((4, 4, 3), k % 256, np.uint8), k), Observation(k, crop, QUALITY)


def told(notes: list[str]) -> Note:
    return lambda sentence, event, **facts: notes.append(sentence)


def unwanted(sentence: str, /, event: str, **facts: object) -> None:
    pytest.fail(sentence)


def record(into: Recorder, count: int) -> None:
    for k in range(count):
        frame, observation = seen(k)
        into.on_observations("vision", frame, [observation])
        into.on_step(StepInput(k, 0, {"vision": "up"}, None, False, None))


def kinds(folder: Path) -> list[str]:
    return [event.kind for event, _ in read_log(folder)]


def test_features_are_kept_and_pictures_are_not(tmp_path: Path, session: RecordingHeader) -> None:
    notes: list[str] = []
    folder = tmp_path / "rec"
    recording = Recorder(folder, raw=False, waits=False, limit_bytes=10**9)
    recording.start(session, told(notes))
    record(recording, 10)
    recording.close()
    assert kinds(folder) == ["observation", "step"] * 10 + ["end"]
    assert read_session(folder) == session
    assert not notes


def test_a_recording_of_before_had_no_wait_for_the_first_label(
    tmp_path: Path, session: RecordingHeader
) -> None:
    folder = tmp_path / "rec"
    recording = Recorder(folder, raw=False, waits=False, limit_bytes=10**9)
    recording.start(session, unwanted)
    recording.close()
    assert read_session(folder).window.min_share == session.window.min_share > 0
    path = folder / SESSION_NAME
    written = json.loads(path.read_text("utf-8"))
    del written["window"]["min_share"]
    path.write_text(json.dumps(written), "utf-8")
    assert read_session(folder).window == session.window.model_copy(update={"min_share": 0.0})


def test_only_its_owner_may_read_a_recording(tmp_path: Path, session: RecordingHeader) -> None:
    folder = tmp_path / "rec"
    recording = Recorder(folder, raw=False, waits=False, limit_bytes=10**9)
    recording.start(session, unwanted)
    recording.close()
    for path in (folder, *folder.iterdir()):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_raw_keeps_the_packets_in_place_of_the_features(
    tmp_path: Path, session: RecordingHeader
) -> None:
    recording = Recorder(tmp_path / "rec", raw=True, waits=False, limit_bytes=10**9)
    recording.start(session, unwanted)
    record(recording, 3)
    recording.close()
    frames = [a for e, a in read_log(tmp_path / "rec") if isinstance(e, Seen)]
    assert [int(f[0, 0, 0]) for f in frames if f is not None] == [0, 1, 2]
    assert not any(isinstance(e, Observed) for e, _ in read_log(tmp_path / "rec"))


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    write = LogWriter.write

    def slowly(self: LogWriter, *event: Any) -> None:
        time.sleep(0.02)
        write(self, *event)

    monkeypatch.setattr(LogWriter, "write", slowly)


@pytest.mark.usefixtures("slow_disk")
def test_a_slow_disk_ends_the_recording_without_delaying_the_run(
    tmp_path: Path, session: RecordingHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "LIVE_BYTES", 20 * 10_000)
    notes: list[str] = []
    recording = Recorder(tmp_path / "rec", raw=False, waits=False, limit_bytes=10**9)
    recording.start(session, told(notes))
    begun_s = time.monotonic()
    record(recording, 200)
    assert time.monotonic() - begun_s < 0.02 * 200
    recording.close()
    assert len(notes) == 1
    assert "the disk was too slow" in notes[0] and str(tmp_path / "rec") in notes[0]
    found = [event for event, _ in read_log(tmp_path / "rec")]
    steps = [event.end_ns for event in found if isinstance(event, Stepped)]
    assert steps == list(range(len(steps))) and 5 < len(steps) < 200
    assert isinstance(found[-1], Ended) and found[-1].cause == "the disk was too slow"


@pytest.mark.usefixtures("slow_disk")
def test_a_file_waits_for_its_recording_and_loses_nothing(
    tmp_path: Path, session: RecordingHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "FILE_BYTES", 20 * 1_000)
    recording = Recorder(tmp_path / "rec", raw=False, waits=True, limit_bytes=10**9)
    recording.start(session, unwanted)
    record(recording, 20)
    recording.close()
    assert kinds(tmp_path / "rec") == ["observation", "step"] * 20 + ["end"]
    assert recording.cause is None


def test_the_limit_is_told_as_an_event(tmp_path: Path, session: RecordingHeader) -> None:
    events: list[tuple[str, dict[str, str]]] = []
    recording = Recorder(tmp_path / "rec", raw=False, waits=True, limit_bytes=10_000)
    recording.start(session, lambda sentence, event, **facts: events.append((event, facts)))
    record(recording, 500)
    recording.close()
    assert events == [("limit_hit", {"limit": "record.max_mb"})]


def test_a_recording_ends_at_its_limit(tmp_path: Path, session: RecordingHeader) -> None:
    notes: list[str] = []
    recording = Recorder(tmp_path / "rec", raw=False, waits=True, limit_bytes=100_000)
    recording.start(session, told(notes))
    record(recording, 500)
    recording.close()
    assert len(notes) == 1 and "record.max_mb=0.1" in notes[0]
    assert recording.cause == "it has reached its limit, record.max_mb=0.1"
    size = sum(path.stat().st_size for path in (tmp_path / "rec").iterdir())
    assert 90_000 < size < 110_000


@pytest.mark.parametrize("failure", [OSError(5, "Input/output error"), RuntimeError("a bug")])
def test_a_disk_that_fails_ends_the_recording_and_says_why(
    tmp_path: Path, session: RecordingHeader, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    write, count = LogWriter.write, iter(range(1000))

    def fails_later(self: LogWriter, *event: Any) -> None:
        if next(count) == 10:
            raise failure
        write(self, *event)

    monkeypatch.setattr(LogWriter, "write", fails_later)
    notes: list[str] = []
    recording = Recorder(tmp_path / "rec", raw=False, waits=True, limit_bytes=10**9)
    recording.start(session, told(notes))
    record(recording, 50)
    recording.close()
    assert len(notes) == 1
    assert ("Input/output error" in notes[0]) or ("a bug" in notes[0])
    assert kinds(tmp_path / "rec") == ["observation", "step"] * 5


def test_a_recording_whose_files_are_removed_ends_and_says_so(
    tmp_path: Path, session: RecordingHeader
) -> None:
    notes: list[str] = []
    recording = Recorder(tmp_path / "rec", raw=False, waits=True, limit_bytes=10**9)
    recording.start(session, told(notes))
    record(recording, 5)
    shutil.rmtree(tmp_path / "rec")
    record(recording, 50)
    recording.close()
    (note,) = notes
    assert note.endswith("steps: its files were removed. The run continued.")


def test_no_thread_and_no_open_file_is_left(tmp_path: Path, session: RecordingHeader) -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = left()
    for k in range(20):
        recording = Recorder(tmp_path / str(k), raw=False, waits=False, limit_bytes=10**9)
        recording.start(session, unwanted)
        record(recording, 2)
        recording.close()
        recording.close()
    assert left() == before


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").touch()
    with pytest.raises(SinkError, match="is not empty"):
        Recorder(tmp_path, raw=False, waits=False, limit_bytes=1)


def test_an_empty_folder_is_taken(tmp_path: Path, session: RecordingHeader) -> None:
    recording = Recorder(tmp_path, raw=False, waits=False, limit_bytes=10**9)
    recording.start(session, unwanted)
    recording.close()
    assert kinds(tmp_path) == ["end"]


def test_a_folder_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="No such file"):
        Recorder(tmp_path / "a" / "b", raw=False, waits=False, limit_bytes=1)


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="file"):
        Recorder(tmp_path / "file", raw=False, waits=False, limit_bytes=1)


def test_a_folder_that_cannot_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a way that nobody may go
    folder = Path("locked")
    folder.mkdir()
    folder.chmod(0o500)
    with unprivileged(folder), pytest.raises(SinkError, match="Permission denied"):
        Recorder(folder, raw=False, waits=False, limit_bytes=1)


def test_a_recording_that_never_began_leaves_no_folder(tmp_path: Path) -> None:
    Recorder(tmp_path / "rec", raw=False, waits=False, limit_bytes=10**9).close()
    assert not (tmp_path / "rec").exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    Recorder(tmp_path / "rec", raw=False, waits=False, limit_bytes=10**9).close()
    assert (tmp_path / "rec").is_dir()
