"""The words of a sample as its moments pass: those of its table, or what speech-to-text said."""

from __future__ import annotations

from bisect import bisect_right

from edge.recognition.transcript import Transcript
from edge.types import NS_PER_S, Word
from train.corpora.recorded.samples import Sample
from train.stages.recorded.readings import Readings


class SampleWords:
    """The words known at one moment after the other; each message of the recogniser is read once,
    so an hour of speech costs as much a moment as a minute does."""

    def __init__(self, sample: Sample, clean: Readings, begin_ns: int, end_ns: int) -> None:
        """`begin_ns` and `end_ns`: of the sample, on the recording's clock."""
        self._begin_ns, self._read = begin_ns, 0
        self._known: list[Word] | None = None
        self._heard = clean.heard
        self._transcript = Transcript(end_ns - begin_ns + NS_PER_S)
        if sample.words is not None:
            moved = [
                Word(
                    word.text,
                    word.start_ns + clean.begin_ns,
                    word.end_ns + clean.begin_ns,
                    word.confidence,
                )
                for word in sample.words
            ]
            self._known = sorted(moved, key=lambda word: word.end_ns)
            self._ends_ns = [word.end_ns for word in self._known]

    def at(self, t_ns: int) -> list[Word]:
        """The words known at `t_ns`, which never goes back."""
        if self._known is not None:
            return self._known[: bisect_right(self._ends_ns, t_ns)]
        while self._read < len(self._heard) and self._heard[self._read][0] <= t_ns:
            heard_ns, utterances = self._heard[self._read]
            for utterance in utterances:
                self._transcript.revise(utterance)
            self._transcript.listened_to(heard_ns)
            self._read += 1
        words = self._transcript.words(self._begin_ns, t_ns)
        return [word for word in words if word.start_ns >= self._begin_ns]
