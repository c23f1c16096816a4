"""The first label waits until a stream reaches back over a quarter of the window."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from fixtures.film import verdicts

import edge
from edge.demo.script import Script
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S, Frame, Packet

AT_ONCE = "window.min_share=0"


@pytest.fixture(scope="module")
def script() -> Script:
    return Script(60)


def filmed(script: Script, seconds: float, fps: float) -> list[Packet]:
    times_s = [i / fps for i in range(round(seconds * fps))]
    return [
        Frame(round(t * NS_PER_S), script.frame(round(t * 25)), i) for i, t in enumerate(times_s)
    ]


def first_labelled_s(found: list[Verdict]) -> float:
    return next(v.span_ns[1] for v in found if v.label is not None) / NS_PER_S


def test_no_label_until_a_quarter_of_the_window_is_there(script: Script) -> None:
    found = verdicts(filmed(script, 3, 15))
    reasons = [v.streams["vision"].reason for v in found]
    assert reasons[0] == "starting" and set(reasons[1:]) == {None}
    first = found[0]
    assert (first.label, first.streams["vision"].state) == (None, "used")
    assert first.scores and first.confidence is not None
    assert found[1].label is not None


def test_it_waits_longer_where_that_is_asked_for(script: Script) -> None:
    found = verdicts(filmed(script, 3, 15), "window.min_share=0.5")
    early = [v for v in found if v.span_ns[1] < 1.2 * NS_PER_S]
    assert len(early) == 4
    assert all(v.label is None and v.streams["vision"].reason == "starting" for v in early)
    assert 1.2 < first_labelled_s(found) <= 1.75


def test_a_camera_of_one_picture_a_second_has_its_label_as_soon(script: Script) -> None:
    assert first_labelled_s(verdicts(filmed(script, 4, 1))) <= 2.0


def test_a_full_window_of_few_pictures_is_not_early_again(script: Script) -> None:
    settings = ("window.min_share=1", "window.step_s=0.1", "window.duration_s=1.0")
    found = verdicts(filmed(script, 4, 5), *settings)
    first = next(k for k, verdict in enumerate(found) if verdict.label is not None)
    assert found[first].span_ns[1] <= 1.2 * NS_PER_S
    late = {verdict.streams["vision"].reason for verdict in found[first:]}
    assert "starting" not in late and all(verdict.label for verdict in found[first:])


def test_after_an_empty_window_a_label_is_awaited_again(script: Script) -> None:
    seen = [frame for frame in filmed(script, 5, 15) if not 2 <= frame.t_ns / NS_PER_S < 4]
    settings = ("window.min_share=1", "window.duration_s=1.0")
    found = verdicts(seen, *settings)
    again = next(v for v in found if v.span_ns[1] > 4 * NS_PER_S)
    assert (again.label, again.streams["vision"].reason) == (None, "starting")
    assert found[-1].label is not None


def test_it_can_be_had_at_once(script: Script) -> None:
    assert first_labelled_s(verdicts(filmed(script, 1, 15), AT_ONCE)) <= 0.5


@pytest.mark.slow
def test_labels_from_a_quarter_of_the_window_on_agree_with_the_full_window(data_dir: Path) -> None:
    """Prints, with -s, how often a label agrees with that of the clip's last window, by the share
    of the window that the best covered stream has: the measurement behind `window.min_share`."""
    faces = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    voices = sorted((data_dir / "ravdess_audio" / "opus16k").glob("*.opus"))[::9]
    agreed: dict[int, list[bool]] = defaultdict(list)
    for clip in faces + voices:
        with edge.open(file=clip, asr="none", settings={"window.min_share": 0}) as run:
            found = list(run)
        last = next((v for v in reversed(found) if v.scores), None)
        if last is None:
            continue
        likeliest = max(last.scores, key=lambda label: last.scores[label])
        for verdict in found:
            if verdict.label is not None:
                share = max(verdict.streams[name].coverage for name in verdict.mask)
                agreed[round(12 * share)].append(verdict.label == likeliest)
    for twelfths, same in sorted(agreed.items()):
        print(f"{twelfths:2d}/12 of the window: {sum(same)} of {len(same)} labels agree")
    early = [one for twelfths, same in agreed.items() if twelfths < 3 for one in same]
    enough = [one for twelfths, same in agreed.items() if 3 <= twelfths < 9 for one in same]
    assert len(enough) > 400 and sum(enough) / len(enough) > 0.92
    assert sum(early) / len(early) < 0.85
