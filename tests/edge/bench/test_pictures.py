"""The comparison of runs that look at each picture and at fewer counts what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.load import standard_load
from edge.bench.pictures import EVERY, Compared, verdicts


def test_fewer_pictures_move_the_probabilities_a_little_and_a_run_agrees_with_itself(
    tmp_path: Path,
) -> None:
    clip = standard_load(2.0).clip(tmp_path)
    every, fewer = verdicts(clip, EVERY), verdicts(clip)
    same, compared = Compared(), Compared()
    same.take(every, every)
    compared.take(every, fewer)
    assert "0 labels and 0 states of streams differ; probabilities by 0.0000" in same.sentence()
    assert 0 < max(compared.moved) == pytest.approx(0, abs=0.1)
    assert compared.steps == len(every) == 8
