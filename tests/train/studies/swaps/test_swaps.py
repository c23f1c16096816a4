"""`cdat-train swaps` on clips of GRID, and its parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import DataError
from train.studies.swaps import command
from train.studies.swaps.films import Clip, elsewhere, fitted, photographed, read_clips


@pytest.fixture
def folder(data_dir: Path, tmp_path: Path) -> Path:
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    for place in (1, 2, 4, 7, 9):  # 2 and 7 are of one person
        (tmp_path / clips[place].name).symlink_to(clips[place])
    return tmp_path


SAME = "grid_id2_vcd_swwp2s+grid_pwij3p"


@pytest.mark.slow
def test_each_half_of_the_persons_has_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "SEVERITIES", (0.3,))
    first, second = (
        command.measure_swaps(folder, [SAME])
        .split("\n\n", 1)[1]
        .split("Second half of the persons")
    )
    for table, pairs in ((first, 4), (second, 2)):
        rows = {
            cells[1].strip(): cells[2:]
            for line in table.splitlines()
            if len(cells := line.split("|")) > 3
        }
        assert rows["another person sits down"][0].strip() == str(pairs)
        assert rows["another person sits down"][1].strip().startswith("100 ")
        assert rows["the same person goes on"][1].strip() == "0 (0 to 0)"
    assert "the same person, in another clip" in first
    assert "the same person, in another clip" not in second


def test_a_swap_is_told_and_a_cut_is_not(folder: Path) -> None:
    a, *_, b = read_clips(folder, [SAME])
    told = command._told(a, fitted(b.film, a.film[0]))
    assert 1.0 <= told.after_s <= 1.5
    assert told.steps.index(True) == told.steps.count(False)
    assert any(command._told(a, photographed(a.film, b.film[0])).steps)
    assert not any(command._told(a, elsewhere(b.film)).steps)
    assert np.isnan(command._told(a, a.film).after_s)


def test_clips_of_one_person_are_one_person(folder: Path) -> None:
    clips: list[Clip] = read_clips(folder, [SAME])
    assert len({clip.person for clip in clips}) == len(clips) - 1
    assert [clip.person for clip in clips] == sorted(clip.person for clip in clips)


def test_too_few_or_unknown_clips_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no clip nobody: check --same"):
        read_clips(folder, ["grid_pwij3p+nobody"])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="of fewer than four persons"):
        read_clips(empty, [])
