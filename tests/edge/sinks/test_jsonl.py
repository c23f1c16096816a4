"""One complete JSON line for each verdict, also if the disk fails."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.errors import SinkError
from edge.recognition.verdict import StreamVerdict, Verdict
from edge.sinks.jsonl import JsonLines


def verdict(seq: int) -> Verdict:
    stream = StreamVerdict("used", None, 0.5, 12.0, 1.0)
    return Verdict(
        seq,
        (0, 1),
        "happy",
        {"happy": 1.0},
        0.9,
        ("text",),
        dict.fromkeys(("text", "audio", "vision"), stream),
        "naïve — words",
        {"total": 1.0},
    )


def test_each_verdict_is_readable_before_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    sink = JsonLines(str(path))
    for seq in range(3):
        sink.write(verdict(seq))
        lines = path.read_text("utf-8").splitlines()
        assert [json.loads(line)["seq"] for line in lines] == list(range(seq + 1))
    sink.close()
    sink.close()


@pytest.mark.parametrize("target", ["missing/v.jsonl", "."])
def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, target: str) -> None:
    with pytest.raises(SinkError, match=r"--jsonl .* cannot be written"):
        JsonLines(str(tmp_path / target))


def test_a_full_device_is_an_error_of_one_sentence() -> None:
    sink = JsonLines("/dev/full")
    with pytest.raises(SinkError, match="No space left on device"):
        sink.write(verdict(0))
    sink.close()


@contextmanager
def small_files(limit: int) -> Iterator[None]:
    """A limit on file size tears the line that crosses it, as a full disk does.

    Only for as long as the sink writes: the test runner's own output may be a file, too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_within_a_line_leaves_complete_lines(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    sink = JsonLines(str(path))
    with small_files(1000), pytest.raises(SinkError, match="whole lines"):
        for seq in range(100):
            sink.write(verdict(seq))
    sink.close()
    lines = path.read_text("utf-8").splitlines()
    assert lines and [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))


def test_a_closed_reader_is_an_error_of_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        sink = JsonLines("-")
        with pytest.raises(SinkError, match="closed by its reader"):
            sink.write(verdict(0))
