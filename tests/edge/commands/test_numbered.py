"""Further runs of a process write new files."""

from __future__ import annotations

import os
from pathlib import Path

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
    for target in ("-", str(pipe), "/dev/null"):
        config = Config.model_validate({"output": {"jsonl": target}})
        assert numbered(config, 2).output.jsonl == target
