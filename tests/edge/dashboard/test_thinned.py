"""A run of any length in bounded memory."""

from __future__ import annotations

from itertools import pairwise

from edge.dashboard import thinned
from edge.dashboard.thinned import Curve, Stretch, Track, coarser, longest, lowest

DAY = range(4 * 3600)


def test_values_that_change_all_the_time_stay_bounded_and_cover_the_run() -> None:
    track: Track[int] = Track(longest)
    for i in DAY:
        track.add(i * 0.25, i % 3)
    assert len(track.stretches) <= thinned.STRETCHES_LIMIT
    ends = [(s.start_s, s.end_s) for s in track.stretches]
    assert all(one[1] == after[0] for one, after in pairwise(ends))
    assert ends[0][0] == 0 and ends[-1][1] == DAY[-1] * 0.25
    last_minute = track.stretches[-240:]
    assert all(s.length_s <= 0.25 for s in last_minute)  # as exact as it was
    assert len(track.between(0, 3600, 300)) <= 900
    assert sum(s.length_s for s in track.between(0, 3600, 300)) == DAY[-1] * 0.25


def test_a_short_stretch_between_long_ones_is_never_lost() -> None:
    whole = [
        Stretch(0, 5000, "used"),
        Stretch(5000, 5000.25, "dark"),
        Stretch(5000.25, 9000, "used"),
    ]
    assert coarser(whole, 30.0, longest) == whole


def test_short_neighbours_become_one_with_the_value_that_wins() -> None:
    flicker = [Stretch(0.0, 0.5, "a"), Stretch(0.5, 0.75, "b"), Stretch(0.75, 1.0, "a")]
    assert coarser(flicker, 1.0, longest) == [Stretch(0.0, 1.0, "a")]


def test_a_curve_stays_bounded_and_keeps_its_lowest_point() -> None:
    curve = Curve(lowest)
    for i in DAY:
        curve.add(i * 0.25, 0.1 if i == 7777 else None if i < 100 else 0.9)
    assert len(curve.dots) <= thinned.POINTS_LIMIT
    assert min(value for _, value in curve.dots if value is not None) == 0.1
    assert curve.dots[0] == (0.0, None)
