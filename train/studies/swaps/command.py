"""`cdat-train swaps`: how often another person in the place is told, and how often wrongly."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from edge.faults import FAULTS, Picture
from edge.frontends.face import FaceFrontEnd, FaceParams
from edge.recognition.identity import another_is_seen
from edge.recognition.speaking import EVIDENCE_NS
from edge.types import NS_PER_S, Frame, Reading
from train.metrics import intervals
from train.studies.swaps.films import (
    FPS,
    KEEP,
    Clip,
    elsewhere,
    fitted,
    photographed,
    read_clips,
    spoiled,
)

log = logging.getLogger("train")

STEP_NS = NS_PER_S // 4
SEVERITIES = (0.3, 0.6, 1.0)
PICTURE_NS = KEEP * NS_PER_S // FPS


@dataclass(frozen=True)
class Told:
    """What the rule said in each step from the moment on at which something changed."""

    person: str
    steps: list[bool]

    @property
    def after_s(self) -> float:
        """When it was told first; NaN: never."""
        return (
            (1 + self.steps.index(True)) * STEP_NS / NS_PER_S if any(self.steps) else float("nan")
        )


def measure_swaps(folder: Path, same: Sequence[str] = (), seed: int = 1) -> str:
    """Markdown tables: of the first half of the persons, and of the second.

    Args:
        folder: Clips of one person each, of 3 s or more; of the 25 frames a second of GRID.
        same: See `read_clips`.
        seed: Of the faults.

    Raises:
        DataError: There are too few clips.
    """
    clips = read_clips(folder, same)
    people = sorted({clip.person for clip in clips})
    first = set(people[: len(people) // 2])
    halves = [[c for c in clips if (c.person in first) is given] for given in (True, False)]
    heads = ("first half of the persons", "second half of the persons")
    return "\n".join(_page(head, half, seed) for head, half in zip(heads, halves, strict=True))


def _page(head: str, clips: Sequence[Clip], seed: int) -> str:
    people = len({clip.person for clip in clips})
    lines = [
        f"{head[0].upper()}{head[1:]}: {people}, {len(clips)} clips. In brackets: 95 % over"
        " resampled persons.",
        "",
        "| what happens | times | told, % | after, s | steps told, % |",
        "|---|---|---|---|---|",
    ]
    for name, told in _trials(clips, seed):
        log.info("%s: %s", head, name)
        lines.append(_row(name, told))
    return "\n".join(lines) + "\n"


def _trials(clips: Sequence[Clip], seed: int) -> Iterator[tuple[str, list[Told]]]:
    pairs = [(a, b) for a, b in permutations(clips, 2) if a.person != b.person]
    makes: tuple[tuple[str, Callable[[Clip, Clip], list[Picture]]], ...] = (
        ("another person sits down", lambda a, b: fitted(b.film, a.film[0])),
        (
            "a photograph of another is held before the face",
            lambda a, b: photographed(a.film, b.film[0]),
        ),
        ("a cut to another in another place", lambda a, b: elsewhere(fitted(b.film, a.film[0]))),
    )
    for name, make in makes:
        yield name, [_told(a, make(a, b)) for a, b in pairs]
    again = [(a, b) for a, b in permutations(clips, 2) if a.person == b.person]
    if again:
        yield "the same person, in another clip", [_told(a, b.film) for a, b in again]
    yield "the same person goes on", [_told(clip, clip.film) for clip in clips]
    for fault in FAULTS["vision"]:
        for severity in SEVERITIES:
            rng = np.random.default_rng(seed)
            yield (
                f"{fault} {severity:g}, then clean",
                [
                    _told(clip, spoiled(clip.film, fault, severity, rng) + clip.film)
                    for clip in clips
                ],
            )


def _told(before: Clip, then: Sequence[Picture]) -> Told:
    """The clip, then other pictures, through the live front end and the rule."""
    front_end = FaceFrontEnd(FaceParams())
    readings: list[Reading] = []
    for index, picture in enumerate([*before.film, *then]):
        seen = front_end.process(Frame(index * PICTURE_NS, picture, index))
        readings.append(Reading(seen.t_ns, seen.quality, None, 0.0, 0, seen.detail))
    front_end.close()
    begin_ns, end_ns = len(before.film) * PICTURE_NS, len(readings) * PICTURE_NS
    steps, told = [], False
    for step_ns in range(begin_ns + STEP_NS, end_ns + 1, STEP_NS):
        recent = [r for r in readings if step_ns - EVIDENCE_NS < r.t_ns <= step_ns]
        told = another_is_seen(recent, step_ns, told)
        steps.append(told)
    return Told(before.person, steps)


def _row(name: str, told: Sequence[Told]) -> str:
    ever = np.array([100.0 * any(one.steps) for one in told])
    share = np.array([100.0 * np.mean(one.steps) for one in told])
    low, high = intervals(
        lambda rows: (float(ever[rows].mean()), float(share[rows].mean())),
        np.array([one.person for one in told]),
    )
    after = [one.after_s for one in told if any(one.steps)]
    times = f"{np.median(after):.2f}; {max(after):.2f}" if after else "-"
    return (
        f"| {name} | {len(told)} | {ever.mean():.0f} ({low[0]:.0f} to {high[0]:.0f}) | {times}"
        f" | {share.mean():.1f} ({low[1]:.1f} to {high[1]:.1f}) |"
    )
