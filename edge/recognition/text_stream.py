"""The text stream: the words within the look-back, encoded when they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.clock import Clock
from edge.errors import EngineError
from edge.frontends.text import TextFrontEnd, TextParams
from edge.recognition.reasons import ENGINE_FAILED
from edge.recognition.transcript import Transcript
from edge.recognition.window import EMPTY, StreamWindow
from edge.types import NS_PER_S, Float, Utterance, Word


class TextStream:
    """`revise` is called on the speech-to-text thread, the rest on the step thread.

    Args:
        params: Parameters of the front end.
        look_back_ns: Words that ended earlier than this are ignored.
        encode: Maps ids (words, ids) to an embedding (D,).
        clock: Times the encoder.
    """

    def __init__(
        self,
        params: TextParams,
        look_back_ns: int,
        encode: Callable[[NDArray[np.generic]], Float],
        clock: Clock,
    ) -> None:
        self.encode_ns = 0
        """The encoder's time for the newest window; 0 while the words are the same."""
        self._front_end = TextFrontEnd(params)
        self._look_back_ns = look_back_ns
        self._encode = encode
        self._clock = clock
        self._transcript = Transcript(look_back_ns + NS_PER_S)
        self._newest: tuple[bytes, Float] | None = None

    def revise(self, utterances: Sequence[Utterance], heard_ns: int) -> None:
        """Take the newest revisions and the time up to which sound was transcribed."""
        for utterance in utterances:
            self._transcript.revise(utterance)
        self._transcript.listened_to(heard_ns)

    def heard(self, end_ns: int) -> tuple[tuple[Word, ...], int | None]:
        """The words of the look-back that ends at `end_ns`, and the transcribed time."""
        words = self._transcript.words(end_ns - self._look_back_ns, end_ns)
        return words, self._transcript.heard_ns

    def window(self, words: tuple[Word, ...], heard_ns: int | None, end_ns: int) -> StreamWindow:
        """The result of `heard` as a window. Coverage is the share of speech in the look-back."""
        self.encode_ns = 0
        if heard_ns is None:
            return EMPTY
        observation = self._front_end.process(words, end_ns, self._look_back_ns)
        silence_ns = max(0, end_ns - heard_ns)
        if observation.tensor is None:
            return StreamWindow(None, observation.quality, None, silence_ns, 0.0)
        age_ns = max(0, end_ns - words[-1].end_ns)
        spoken_ns = sum(word.end_ns - word.start_ns for word in words)
        coverage = min(1.0, spoken_ns / self._look_back_ns)
        try:
            embedding = self._embedding(observation.tensor)
        except EngineError:  # the engine has noted why; the next step tries again
            failed = {ENGINE_FAILED: True}
            return StreamWindow(
                None, observation.quality, age_ns, silence_ns, coverage, detail=failed
            )
        reach_ns = max(0, end_ns - words[0].start_ns)
        return StreamWindow(
            embedding, observation.quality, age_ns, silence_ns, coverage, reach_ns=reach_ns
        )

    def _embedding(self, ids: NDArray[np.generic]) -> Float:
        # Words change a few times a second at most: the same ids give the same embedding.
        key = ids.tobytes()
        if self._newest is None or self._newest[0] != key:
            asked_ns = self._clock.now_ns()
            self._newest = (key, self._encode(ids))
            self.encode_ns = self._clock.now_ns() - asked_ns
        return self._newest[1]
