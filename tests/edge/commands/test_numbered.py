"""Further runs of a process write new files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.commands.numbered import numbered
from edge.config import Config


def test_each_file_has_a_free_number(tmp_path: Path) -> None:
    lines, folder, film = (tmp_path / name for name in ("out.jsonl", "talk", "film.mp4"))
    (tmp_path / "out-2.jsonl").touch()
    (tmp_path / "talk-2").symlink_to(tmp_path / "gone")  # a link without an end is a name, too
    output = {"jsonl": str(lines), "save": str(film), "log": "events.jsonl"}
    config = Config.model_validate({"output": output, "record": {"folder": str(folder)}})
    second = numbered(config, 2)
    assert second.output.jsonl == str(tmp_path / "out-3.jsonl")
    assert second.record.folder == str(tmp_path / "talk-3")
    assert second.output.save == str(tmp_path / "film-2.mp4")
    assert second.output.log == "events.jsonl"
    assert config.output.jsonl == str(lines)


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target in ("-", str(pipe), "/dev/null", "/dev/stdout", "/proc/self/fd/1"):
        config = Config.model_validate({"output": {"jsonl": target}})
        assert numbered(config, 2).output.jsonl == target


WRITE_TWICE = """
from edge.commands.numbered import numbered
from edge.config import Config
from edge.demo.script import demo_run
from edge.sinks.jsonl import JsonLines

config = Config.model_validate({"output": {"jsonl": "/dev/stdout"}})
with demo_run(Config(), 2) as run:
    verdict = next(iter(run.verdicts()))
for one in (config, numbered(config, 2)):
    lines = JsonLines(one.output.jsonl)
    lines.write(verdict)
    lines.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there /dev/stdout is what it leads to")
def test_runs_whose_standard_output_is_a_file_both_write_to_it(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with out.open("wb") as file:
        subprocess.run([sys.executable, "-c", WRITE_TWICE], stdout=file, check=True, timeout=120)
    assert len(out.read_text().splitlines()) == 2
    assert list(tmp_path.iterdir()) == [out]


def test_shared_memory_has_files() -> None:
    config = Config.model_validate({"output": {"jsonl": "/dev/shm/gone/out.jsonl"}})
    assert numbered(config, 2).output.jsonl == "/dev/shm/gone/out-2.jsonl"
