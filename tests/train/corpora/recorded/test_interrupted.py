"""What is left when processes are killed, the disk is full, or two commands use one folder."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pysubs2")

from filelock import FileLock
from fixtures.media import write_clip
from fixtures.waiting import eventually

from edge.errors import EdgeError, SinkError
from edge.recording.events import Ended
from edge.recording.log import read_log
from train.corpora.recorded.corpus import open_recorded
from train.corpora.recorded.extract import LOCK_NAME, extract
from train.corpora.recorded.parallel import record_all
from train.corpora.recorded.record import Job
from train.corpora.recorded.table import read_source
from train.corpora.recorded.worker import Worker

FILES = 8


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("media")
    for number in range(FILES):
        folder = root / ("happy" if number % 2 else "sad")
        folder.mkdir(exist_ok=True)
        write_clip(folder / f"{number}.mp4", 0.6)
    return root


def _job(clip: Path, folder: Path) -> Job:
    return Job(file=str(clip), recordings=str(folder), name=clip.stem, asr="none", views=0, seed=0)


def _command(media: Path, out: Path, *more: str) -> list[str]:
    made = [sys.executable, "-m", "train", "extract", str(media), "--out", str(out)]
    return [*made, "--workers", "2", "--asr", "none", "--views", "0", *more]


def _complete(recordings: Path) -> dict[str, int]:
    """The recordings that have their names, each checked to be complete, with their inodes."""
    found = {}
    for path in recordings.glob("[!.]*"):
        *_, (last, _) = read_log(path)
        assert last == Ended(kind="end", cause=None) and (path / "facts.json").is_file()
        found[path.name] = path.stat().st_ino
    return found


def _children(process: int) -> set[int]:
    listed = Path(f"/proc/{process}/task").glob("*/children")
    return {int(pid) for path in listed for pid in path.read_text().split()}


def _ended(process: int) -> bool:
    """Also one that its new parent has not buried yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_loses_the_files_in_work_alone(
    media: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    recordings = tmp_path / "out" / "recordings"
    with subprocess.Popen(_command(media, tmp_path / "out"), stderr=subprocess.PIPE) as process:
        eventually(lambda: len(list(recordings.glob("[!.]*"))) >= 2)
        children = _children(process.pid)
        process.send_signal(stop)
        process.wait(20)
    assert process.returncode == (-stop if stop == signal.SIGKILL else 130)
    assert len(children) == 2
    eventually(lambda: all(_ended(pid) for pid in children))
    before = _complete(recordings)
    assert 2 <= len(before) < FILES
    again = subprocess.run(
        _command(media, tmp_path / "out", "--json"), capture_output=True, check=True
    )
    after = _complete(recordings)
    assert before.items() <= after.items() and len(after) == FILES
    assert f'"resumed": {len(before)}'.encode() in again.stdout
    assert not list(recordings.glob(".*"))
    assert len(open_recorded(tmp_path / "out").samples) == FILES


def test_a_process_that_dies_costs_its_file_and_no_other(media: Path, tmp_path: Path) -> None:
    (recordings := tmp_path / "recordings").mkdir()
    endless = write_clip(
        tmp_path / "endless.wav",
        300,
        fps=None,
        rate_hz=16_000,
        channels=1,
        codecs=("mpeg4", "pcm_s16le"),
    )
    jobs = [_job(clip, recordings) for clip in (endless, media / "sad" / "0.mp4")]
    known = _children(os.getpid())

    def kill() -> None:
        eventually((recordings / ".endless" / "events.jsonl").exists)
        for pid in _children(os.getpid()) - known:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcomes = {job.name: recorded for job, recorded in record_all(jobs, 1)}
    killer.join()
    assert outcomes["endless"].reason == "the process that read it ended with exit code -9"
    assert outcomes["0"].facts is not None
    assert list(_complete(recordings)) == ["0"]


def test_a_process_ends_when_its_input_ends(media: Path) -> None:
    worker = Worker()
    worker._to.close()
    assert worker._process.wait(10) == 0
    assert not worker.alive


def test_a_recording_that_the_disk_cannot_hold_is_an_error(media: Path, tmp_path: Path) -> None:
    worker = Worker()
    resource.prlimit(worker._process.pid, resource.RLIMIT_FSIZE, (2500, 2500))
    with pytest.raises(EdgeError, match="File too large; the files recorded before are complete"):
        worker.record(_job(media / "sad" / "0.mp4", tmp_path))
    worker.kill()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_loses_nothing(media: Path, tmp_path: Path) -> None:
    few = tmp_path / "media"
    shutil.copytree(media / "sad", few / "sad")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))

    failed = subprocess.run(
        _command(few, tmp_path / "out"), capture_output=True, text=True, preexec_fn=limit
    )
    assert failed.returncode == 1
    (sentence,) = failed.stderr.splitlines()
    assert sentence.startswith("cdat-train: ") and "File too large" in sentence
    assert "the same command continues after them." in sentence
    assert not list((tmp_path / "out" / "recordings").iterdir())


def test_a_corpus_in_use_is_refused(media: Path, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    with FileLock(tmp_path / LOCK_NAME), pytest.raises(SinkError, match="in use by another"):
        extract(read_source(media), tmp_path, 1)
