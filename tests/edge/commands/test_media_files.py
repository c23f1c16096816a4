"""Which files a folder and several `--file` name, and what each is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.commands.media_files import are_several, find_clips
from edge.errors import ConfigError, MediaError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def shown(*named: Path | str) -> list[str]:
    return [clip.shown for clip in find_clips([str(one) for one in named])]


def test_a_folder_gives_its_media_files_sorted_and_none_that_is_hidden(tmp_path: Path) -> None:
    make(tmp_path, "b.wav", "a.MP4", "deep/a.mp4", "a.txt", "a.srt", ".a.mp4", ".trash/a.mp4")
    (tmp_path / "folder.mp4").mkdir()
    assert shown(tmp_path) == ["a.MP4", "b.wav", "deep/a.mp4"]
    assert [clip.path for clip in find_clips([str(tmp_path)])][2] == tmp_path / "deep" / "a.mp4"


def test_a_hidden_folder_that_is_named_is_taken(tmp_path: Path) -> None:
    assert shown(make(tmp_path / ".cache", "a.mp4")) == ["a.mp4"]


def test_files_that_are_named_keep_their_order_and_what_tells_them_apart(tmp_path: Path) -> None:
    make(tmp_path, "x/a.mp4", "y/a.mp4", "x/any.name")
    assert shown(tmp_path / "y/a.mp4", tmp_path / "x/a.mp4") == ["y/a.mp4", "x/a.mp4"]
    assert shown(tmp_path / "x/a.mp4", tmp_path / "x/any.name") == ["a.mp4", "any.name"]
    assert shown(tmp_path / "x", tmp_path / "y") == ["x/a.mp4", "y/a.mp4"]


def test_a_file_that_is_named_twice_is_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "x/a.mp4", "x/b.mp4")
    monkeypatch.chdir(tmp_path)
    assert shown("x", tmp_path / "x/a.mp4", "x/../x/b.mp4") == ["a.mp4", "b.mp4"]


def test_a_link_has_its_own_name(tmp_path: Path) -> None:
    make(tmp_path, "store/7f.mp4", "clips/b.mp4")
    (tmp_path / "clips" / "a.mp4").symlink_to(tmp_path / "store" / "7f.mp4")
    assert shown(tmp_path / "clips") == ["a.mp4", "b.mp4"]


def test_what_names_nothing_is_told(tmp_path: Path) -> None:
    make(tmp_path, "full/a.mp4", "empty/a.txt")
    with pytest.raises(MediaError, match="empty holds no file with the ending of a media file"):
        find_clips([str(tmp_path / "full"), str(tmp_path / "empty")])
    with pytest.raises(ConfigError, match="--file is empty"):
        find_clips([str(tmp_path / "full"), ""])


def test_one_file_is_not_several_and_a_folder_is(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    assert not are_several([])
    assert not are_several([str(tmp_path / "a.mp4")])
    assert are_several([str(tmp_path)])
    assert are_several(["a.mp4", "b.mp4"])
