"""Some seconds of one person, neutral, before the camera and the microphone: what can be used of
them, and whether it is enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.correction.document import StreamCorrection
from edge.errors import CorrectionError
from edge.frontends.sound_level import QUALITY
from edge.recognition.reasons import NOT_THIS_FACE, OTHER_PERSON, REASONS
from edge.recognition.speaking import VOICED
from edge.recognition.verdict import Verdict
from edge.recognition.window import StreamWindow
from edge.types import NS_PER_S

MIN_S = 5.0
FACE_SHARE = 0.7
"""Of the steps must have a usable face."""
MIN_VOICE_S = 3.0
OTHERS_SHARE = 0.2
"""Of the steps may have somebody else: a face is taken for a silent one for a moment."""
FIT = frozenset({None, "unreliable", "disagrees", "recovering"})
"""Reasons that say nothing about the signal itself."""
_VOICE = QUALITY.index("voice")


class Sitting:
    """Takes the steps of a run in order. One thread.

    Args:
        streams: Those to be corrected, of audio and vision, where there is a source of them.
        step_ns: Time between two steps.
    """

    def __init__(self, streams: tuple[str, ...], step_ns: int) -> None:
        self._step_s = step_ns / NS_PER_S
        self._steps = 0
        self._sums: dict[str, NDArray[np.floating]] = {}
        self._used: Counter[str] = Counter()
        self._streams, self._there = streams, set[str]()
        self._causes: dict[str, Counter[str]] = {name: Counter() for name in streams}
        self._silent_mouth = self._other_person = self._crowded = 0

    def take(self, verdict: Verdict, windows: Mapping[str, StreamWindow]) -> None:
        """One step: its verdict, and its windows before any correction."""
        self._steps += 1
        self._silent_mouth += verdict.streams["vision"].reason == NOT_THIS_FACE
        self._other_person += verdict.streams["vision"].reason == OTHER_PERSON
        self._crowded += (verdict.faces or 0) > 1
        for name in self._streams:
            given = verdict.streams[name]
            if given.state == "absent" and given.reason is None:
                continue  # there is no source of it
            self._there.add(name)
            window = windows[name]
            cause = _cause(name, given.reason, window)
            if cause is not None or window.embedding is None:
                self._causes[name][cause or "starting"] += 1
                continue
            self._used[name] += 1
            before = self._sums.get(name, np.zeros(1))
            self._sums[name] = before + window.embedding

    def corrections(
        self, references: Mapping[str, tuple[float, ...]], strengths: Mapping[str, float]
    ) -> dict[str, StreamCorrection]:
        """The correction of each stream.

        Args:
            references: The training's mean neutral embedding (D,) of each stream.
            strengths: In 0..1, above 0.

        Raises:
            CorrectionError: The sitting was too short, dark, silent, without a face, or with
                somebody else.
        """
        self._check()
        return {
            name: StreamCorrection(
                shift=tuple(
                    round(float(one), 6)
                    for one in total / self._used[name] - np.array(references[name])
                ),
                strength=strengths[name],
                seconds=round(self._used[name] * self._step_s, 2),
            )
            for name, total in (
                (one, self._sums[one]) for one in self._streams if one in self._sums
            )
        }

    def _check(self) -> None:
        seconds = self._steps * self._step_s
        again = "measure again"
        if seconds < MIN_S:
            raise CorrectionError(
                f"Only {seconds:.1f} s were seen or heard, {MIN_S:g} s are needed: {again}, longer."
            )
        if self._crowded > OTHERS_SHARE * self._steps:
            raise CorrectionError(
                f"More than one face was in the picture in {self._crowded / self._steps:.0%} of the"
                f" time: sit before the camera alone, and {again}."
            )
        if self._other_person > OTHERS_SHARE * self._steps:
            raise CorrectionError(
                "Another person's face took the place of the first one in"
                f" {self._other_person / self._steps:.0%} of the time: sit before the camera alone,"
                f" and {again}."
            )
        if self._silent_mouth > OTHERS_SHARE * self._steps:
            raise CorrectionError(
                "Somebody else seems to speak: in"
                f" {self._silent_mouth / self._steps:.0%} of the time a voice was heard while the"
                f" mouth in the picture stood still; speak yourself, and {again}."
            )
        if not self._there:
            raise CorrectionError(
                f"There is neither {' nor '.join(self._streams)}: give a source of one of them."
            )
        faces = self._used["vision"] / self._steps
        if "vision" in self._there and faces < FACE_SHARE:
            raise CorrectionError(
                f"A usable face was seen in {faces:.0%} of the time, {FACE_SHARE:.0%} are needed"
                f" ({self._most('vision')}): sit in the light, look at the camera, and {again}."
            )
        voiced_s = self._used["audio"] * self._step_s
        if "audio" in self._there and voiced_s < MIN_VOICE_S:
            raise CorrectionError(
                f"A voice was heard for {voiced_s:.1f} s, {MIN_VOICE_S:g} s are needed"
                f" ({self._most('audio')}): speak as you usually do, near the microphone, and"
                f" {again}."
            )

    def _most(self, stream: str) -> str:
        cause = self._causes[stream].most_common(1)[0][0]
        return f"most often: {cause.replace('_', ' ')}"


def _cause(name: str, reason: str | None, window: StreamWindow) -> str | None:
    """Why a step of a stream cannot be used."""
    if reason in REASONS and reason not in FIT:
        return reason
    if name == "audio" and window.quality is not None and window.quality[_VOICE] < VOICED:
        return "no voice"
    return None
