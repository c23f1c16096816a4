"""People on whom fusion alone learns, and label shares of composed windows."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from edge.faults import CLEAN
from train.stages.stream_windows import StreamWindows
from train.stages.window_splits import FUSION, WindowSplits, cut_held_out


def _windows(items: np.ndarray, labels: np.ndarray) -> StreamWindows:
    n = len(items)
    return StreamWindows(
        embedding=np.ones((n, 4), np.float32),
        quality=np.ones((n, 2), np.float32),
        target=np.ones((n, 4), np.float32),
        evidence=np.ones(n, bool),
        label=labels,
        item=items,
        fault=np.full(n, CLEAN),
        severity=np.zeros(n, np.float32),
        share=np.ones(n, np.float32),
    )


def test_people_of_the_held_out_part_take_turns_and_are_in_one_part_only() -> None:
    persons = np.array([f"one/{k % 6}" for k in range(60)] + ["two/a"] * 5 + ["three/b"] * 5)
    windows = _windows(np.repeat(np.arange(70), 2), np.repeat(np.arange(70) % 3, 2))
    parts = cut_held_out(windows, persons)
    people = {name: set(persons[part.item]) for name, part in parts.items()}
    assert not people[FUSION] & people["held_out"]
    assert len(parts[FUSION]) + len(parts["held_out"]) == len(windows)
    assert sum(p.startswith("one/") for p in people[FUSION]) == 3
    # The only person of a corpus goes to fusion.
    assert {"two/a", "three/b"} <= people[FUSION]
    splits = {"train": windows, "held_out": windows}
    assert WindowSplits({"text": splits}).fusion_split == "train"
    assert WindowSplits({"text": splits | parts}).fusion_split == FUSION


def test_windows_have_the_label_shares_of_the_place_but_for_those_of_the_test() -> None:
    windows = _windows(np.arange(300), np.arange(300) % 3)
    by_split = {"val": windows, "test": windows}
    labels = ("a", "b", "c")
    splits = WindowSplits(
        {s: by_split for s in ("text", "audio", "vision")}, labels, prior=(0.7, 0.2, 0.1)
    )
    rng = np.random.default_rng(1)
    drawn = splits.composer("val").draw(20_000, rng, clean_share=1.0)
    shares = np.bincount(drawn.label) / len(drawn)
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.02)
    drawn = splits.composer("test").draw(20_000, rng, clean_share=1.0)
    np.testing.assert_allclose(np.bincount(drawn.label) / len(drawn), 1 / 3, atol=0.02)
