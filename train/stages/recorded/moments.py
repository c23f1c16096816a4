"""Moments of a sample: the windows of all streams that end at one time, clean and with faults.

A view is the same file with a fault on its picture or sound (`train.corpora.recorded.views`), and
its items have the times of the clean ones. So a fault that begins or ends within a window is made
of the items of both, as a live window would hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import WindowSpec
from edge.faults import CLEAN, FAULTS, NO_FACE, NO_VOICE
from edge.frontends import QUALITY
from edge.frontends.text import TextParams, describe
from edge.recognition.reasons import is_poor
from edge.recognition.window import ReadingRing, StreamWindow
from edge.types import NS_PER_S, Float, Reading, Word
from train.corpora.recorded.samples import Sample
from train.corpora.recorded.views import View
from train.stages.recorded.readings import STREAMS_OF_ITEMS, Items, Readings
from train.stages.recorded.sample_words import SampleWords
from train.stages.stream_windows import ABSENT, Collector, FaultSchedule

MAX_MOMENTS = 1_000_000
"""Of one sample."""
FIRST_S = 1.0
"""The first moment of a sample: a live window of less says that the stream is starting."""
NO_FAULT = FaultSchedule(CLEAN, 0.0, 1.0, True)
NOTHING = {"vision": NO_FACE, "audio": NO_VOICE, "text": "no_words"}
"""Of a stream that was measured and held nothing to encode."""


def sample_of(items: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of the samples to which stream windows with these `item`s belong."""
    return items // MAX_MOMENTS


@dataclass(frozen=True)
class Speech:
    """How words become an embedding."""

    params: TextParams
    encode: Callable[[NDArray[np.generic]], Float]
    """Ids (words, ids) to an embedding (D,)."""


class Moments:
    """Makes the stream windows of samples.

    Args:
        typical: By stream, the signals that stand for those of an absent stream.
        size: Of an embedding.
        stride_s: Time between two moments of a sample.
    """

    def __init__(
        self,
        window: WindowSpec,
        speech: Speech,
        typical: dict[str, Float],
        size: int,
        stride_s: float,
    ) -> None:
        self._window, self._speech, self._stride_s = window, speech, stride_s
        self._duration_ns = round(window.duration_s * NS_PER_S)
        self._step_ns = round(window.step_s * NS_PER_S)
        self._typical = typical
        self._nothing = np.zeros(size, np.float32)

    def add(
        self,
        out: dict[str, Collector],
        sample: Sample,
        views: Sequence[tuple[View, Readings]],
        label: int,
        number: int,
        rng: np.random.Generator,
    ) -> None:
        """Add the windows of one sample.

        Args:
            out: A collector for each stream.
            views: Of its file, the clean one first.
            number: Of the sample; `sample_of` gives it back.
        """
        clean = views[0][1]
        begin_ns = clean.begin_ns + round(sample.start_s * NS_PER_S)
        end_ns = clean.end_ns
        if sample.end_s is not None:
            end_ns = min(end_ns, clean.begin_ns + round(sample.end_s * NS_PER_S))
        words = SampleWords(sample, clean, begin_ns, end_ns)
        for place, t_ns in enumerate(self._times(begin_ns, end_ns)):
            facts = {"label": label, "item": number * MAX_MOMENTS + place}
            # A window leaves its beginning out, but not the sample's first picture.
            since_ns = max(begin_ns - 1, t_ns - self._duration_ns)
            for stream in STREAMS_OF_ITEMS:
                for row in self._of_items(stream, views, since_ns, t_ns, rng):
                    out[stream].add(**facts, **row)
            for row in self._of_words(words.at(t_ns), begin_ns, t_ns, rng):
                out["text"].add(**facts, **row)

    def _times(self, begin_ns: int, end_ns: int) -> Iterator[int]:
        t_ns = min(end_ns, begin_ns + round(FIRST_S * NS_PER_S))
        while t_ns < end_ns:
            yield t_ns
            t_ns += round(self._stride_s * NS_PER_S)
        if end_ns > begin_ns:
            yield end_ns

    def _of_items(
        self,
        stream: str,
        views: Sequence[tuple[View, Readings]],
        since_ns: int,
        t_ns: int,
        rng: np.random.Generator,
    ) -> Iterator[dict[str, object]]:
        clean = views[0][1].items[stream]
        well = self._windowed(stream, [(clean, since_ns, t_ns)], since_ns, t_ns)
        yield self._row(stream, well, NO_FAULT, well.embedding)
        for view, read in views[1:]:
            if stream not in view.faults:
                continue
            name, severity = view.faults[stream]
            amiss = read.items[stream]
            schedule = _draw(name, severity, rng)
            now, before = (amiss, clean) if schedule.present else (clean, amiss)
            cut_ns = t_ns - round(schedule.share * (t_ns - since_ns))
            parts = [(before, since_ns, cut_ns), (now, cut_ns, t_ns)]
            mixed = self._windowed(stream, parts, since_ns, t_ns)
            whole = self._windowed(stream, [(now, since_ns, t_ns)], since_ns, t_ns)
            yield self._row(stream, mixed, schedule, whole.embedding)

    def _windowed(
        self, stream: str, parts: Sequence[tuple[Items, int, int]], since_ns: int, t_ns: int
    ) -> StreamWindow:
        """The live window of the items of each part that lie in its (from, to]."""
        ring = ReadingRing(self._duration_ns, partial(is_poor, stream, QUALITY[stream]))
        for items, from_ns, to_ns in parts:
            for at in np.flatnonzero((items.t_ns > from_ns) & (items.t_ns <= to_ns)):
                embedding = items.embedding[at] if items.encoded[at] else None
                ring.push(
                    Reading(
                        int(items.t_ns[at]),
                        items.quality[at],
                        embedding,
                        float(items.logit[at]),
                        0,
                    )
                )
        return ring.window(since_ns, t_ns, self._step_ns)

    def _row(
        self, stream: str, window: StreamWindow, schedule: FaultSchedule, target: Float | None
    ) -> dict[str, object]:
        if target is None and schedule is NO_FAULT:
            fault = ABSENT if window.quality is None else NOTHING[stream]
            schedule = FaultSchedule(fault, 1.0, 1.0, True)
        return {
            "embedding": self._nothing if window.embedding is None else window.embedding,
            "quality": self._typical[stream] if window.quality is None else window.quality,
            "target": self._nothing if target is None else target,
            "evidence": target is not None,
            "fault": schedule.fault if schedule.present else CLEAN,
            "severity": schedule.severity if schedule.present else 0.0,
            "share": schedule.share,
        }

    def _of_words(
        self, words: Sequence[Word], begin_ns: int, t_ns: int, rng: np.random.Generator
    ) -> Iterator[dict[str, object]]:
        """As the text stream describes the words that are known at `t_ns`; all of the sample has
        been transcribed until then."""
        heard_ns = t_ns - begin_ns
        yield self._said(words, heard_ns, t_ns, NO_FAULT)
        if not words:
            return
        names = sorted(FAULTS["text"])
        name, severity = names[int(rng.integers(len(names)))], float(rng.uniform(0.1, 1.0))
        worse = FAULTS["text"][name](words, severity, rng)
        yield self._said(worse, heard_ns, t_ns, FaultSchedule(name, severity, 1.0, True))

    def _said(
        self, words: Sequence[Word], heard_ns: int, t_ns: int, schedule: FaultSchedule
    ) -> dict[str, object]:
        look_back_ns = round(self._window.text_s * NS_PER_S)
        seen = describe(words, t_ns, look_back_ns, heard_ns, self._speech.params)
        embedding = None if seen.tensor is None else self._speech.encode(seen.tensor)
        window = StreamWindow(embedding, seen.quality, None, None, 0.0)
        return self._row("text", window, schedule, embedding)


def _draw(name: str, severity: float, rng: np.random.Generator) -> FaultSchedule:
    """In nearly half of the windows the fault is there all the time; else it came or went."""
    how = rng.random()
    if how < 0.45:
        return FaultSchedule(name, severity, 1.0, True)
    return FaultSchedule(name, severity, float(rng.uniform(0.08, 1.0)), bool(how < 0.8))
