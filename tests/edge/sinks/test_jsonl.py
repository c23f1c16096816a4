"""One complete JSON line for each verdict, also if the disk fails."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fixtures.full_disk import small_files

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


def test_a_file_has_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    first = JsonLines(str(path))
    first.write(verdict(0))
    with pytest.raises(SinkError, match=r"v\.jsonl is written by another run: give another file"):
        JsonLines(str(path))
    first.write(verdict(1))
    first.close()
    assert [json.loads(line)["seq"] for line in path.read_text("utf-8").splitlines()] == [0, 1]
    JsonLines(str(path)).close()


def test_a_device_may_have_several_writers() -> None:
    sinks = [JsonLines("/dev/null") for _ in range(2)]
    for sink in sinks:
        sink.write(verdict(0))
        sink.close()


def test_a_renamed_file_keeps_its_lines_and_the_next_go_to_a_new_one(tmp_path: Path) -> None:
    path, rotated = tmp_path / "v.jsonl", tmp_path / "v.jsonl.1"
    sink = JsonLines(str(path))
    sink.write(verdict(0))
    sink.reopen()  # nothing was renamed: the file goes on
    sink.write(verdict(1))
    path.rename(rotated)
    sink.write(verdict(2))
    sink.reopen()
    sink.write(verdict(3))
    sink.close()
    seqs = [
        [json.loads(line)["seq"] for line in file.read_text("utf-8").splitlines()]
        for file in (rotated, path)
    ]
    assert seqs == [[0, 1, 2], [3]]


def test_a_file_that_was_cut_by_others_goes_on_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    sink = JsonLines(str(path))
    sink.write(verdict(0))
    os.truncate(path, 0)
    sink.write(verdict(1))
    sink.close()
    assert json.loads(path.read_bytes())["seq"] == 1


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    sink = JsonLines(str(path))
    sink.write(verdict(0))
    path.unlink()
    sink.write(verdict(1))
    sink.close()
    assert json.loads(path.read_bytes())["seq"] == 1


def test_a_new_file_with_another_writer_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    sink = JsonLines(str(path))
    path.rename(tmp_path / "v.jsonl.1")
    other = JsonLines(str(path))
    sink.reopen()
    with pytest.raises(SinkError, match="is written by another run"):
        sink.write(verdict(0))
    sink.close()
    other.close()


def test_a_file_at_its_limit_takes_no_more_lines_and_says_so(tmp_path: Path) -> None:
    path, refused = tmp_path / "v.jsonl", []
    size = len(verdict(0).to_json().encode()) + 1
    sink = JsonLines(str(path), max_bytes=2.5 * size, full=lambda: refused.append(1))
    for seq in range(5):
        sink.write(verdict(seq))
    assert [json.loads(line)["seq"] for line in path.read_text("utf-8").splitlines()] == [0, 1]
    assert len(refused) == 3
    path.rename(tmp_path / "old.jsonl")  # a program that rotates logs makes room
    sink.reopen()
    sink.write(verdict(5))
    sink.close()
    assert json.loads(path.read_text("utf-8"))["seq"] == 5


class Line:
    def __init__(self, name: str, size: int) -> None:
        self._json = json.dumps(name).ljust(size - 1)

    def to_json(self) -> str:
        return self._json


def test_a_full_file_takes_no_shorter_line_until_it_is_cut_or_renamed(tmp_path: Path) -> None:
    path, refused = tmp_path / "v.jsonl", []
    sink = JsonLines(str(path), max_bytes=100, full=lambda: refused.append(1))

    def write(*lines: tuple[str, int]) -> list[str]:
        for line in lines:
            sink.write(Line(*line))
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    assert write(("a", 50), ("too long", 60), ("shorter", 10)) == ["a"]
    sink.reopen()  # nothing was renamed: it is as full as before
    assert write(("shorter", 10)) == ["a"] and len(refused) == 3
    os.truncate(path, 0)
    assert write(("b", 60), ("too long", 50), ("shorter", 10)) == ["b"]
    path.rename(tmp_path / "old.jsonl")
    sink.reopen()
    assert write(("c", 90), ("d", 10)) == ["c", "d"]
    sink.close()
    assert len(refused) == 5
