"""What is in packets: front ends and encoders, for one packet or for many that are read ahead.

A file is read some packets ahead, and one kind of work is done for all of them before the next:
decoding, the detector, cropping, each encoder. Done packet by packet, each kind of work finds the
processor's caches filled by the others: a part that takes 0.6 of a millisecond alone takes 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.errors import EngineError
from edge.frontends.face import FaceFrontEnd
from edge.frontends.face_detect import Face
from edge.frontends.faces import FacesFrontEnd
from edge.frontends.speech import SpeechFrontEnd
from edge.recognition.encoding import encode, failed
from edge.types import Chunk, Frame, Observation, Packet, Reading, Utterance


@dataclass(slots=True)
class Ahead:
    """What was found in a packet that is not in a window yet.

    `readings` is None where the packet is not looked at, `utterances` where speech-to-text did not
    hear it. `work_ns` is that of the front end. `error` is what the work raised, kept for the
    packet's turn: the packets before it count.
    """

    packet: Packet
    observations: Sequence[Observation] = ()
    readings: list[Reading] | None = None
    utterances: list[Utterance] | None = None
    work_ns: int = 0
    error: Exception | None = None

    @property
    def stream(self) -> str:
        """Of the packet."""
        return "vision" if isinstance(self.packet, Frame) else "audio"

    @contextmanager
    def work(self, clock: Clock) -> Iterator[None]:
        """What is done meanwhile is work on this packet: it is timed, and its error is kept."""
        started_ns = clock.now_ns()
        try:
            yield
        except Exception as error:  # front ends and engines call third-party libraries
            self.error = error
        self.work_ns += clock.now_ns() - started_ns

    def raise_error(self) -> None:
        """Raise the error that was kept, if there is one."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback names this frame: the picture would live until a collection


class Perception:
    """The front ends and encoders of one run. Each stream has its own thread.

    Args:
        face, speech: None where the stream's packets are not looked at.
        networks: Has the encoders of the streams.
        clock: Times the work.
    """

    def __init__(
        self,
        face: FaceFrontEnd | FacesFrontEnd | None,
        speech: SpeechFrontEnd | None,
        networks: Networks,
        clock: Clock,
    ) -> None:
        self.face, self.speech = face, speech
        self.picture_gap_ns = 0
        """A picture that was taken sooner after the last one looked at is shown, not looked at."""
        self._networks = networks
        self._clock = clock
        self._looked_ns: int | None = None
        self._fails_next: set[str] = set()

    def look_ahead(self, packets: Sequence[Packet]) -> list[Ahead]:
        """Find, crop and encode what is in packets: one kind of work for all of them before the
        next. The thread of the packets' stream, or a single thread for both.

        Returns:
            One for each packet, in this order. An error is in it, and the others are worked on.
        """
        ahead = [Ahead(packet) for packet in packets]
        if self.face is not None:
            self._see(self.face, ahead)
        if self.speech is not None:
            self._hear(self.speech, ahead)
        return ahead

    def encode(
        self, stream: str, observations: Sequence[Observation], started_ns: int
    ) -> tuple[Sequence[Observation], list[Reading]]:
        """The readings, and the observations as they are kept. The stream's thread only."""
        if stream in self._fails_next:
            self._fails_next.discard(stream)
            observations = failed(observations)
        try:
            readings = encode(self._networks, self._clock, stream, observations, started_ns)
        except EngineError:
            # All of a packet or none, so that a replay can repeat it. The engine has noted why.
            observations = failed(observations)
            readings = encode(self._networks, self._clock, stream, observations, started_ns)
        return observations, readings

    def fail_next(self, stream: str) -> None:
        """Take the next packet of `stream` as when its encoder fails, which a replay repeats. The
        stream's thread only."""
        self._fails_next.add(stream)

    @property
    def bad_samples(self) -> int:
        """Samples so far that were not finite. Each was replaced by silence."""
        return 0 if self.speech is None else self.speech.bad_samples

    def close(self) -> None:
        """Free the resources of the front ends, when no thread uses them any more."""
        if self.face is not None:
            self.face.close()

    def _see(self, face: FaceFrontEnd | FacesFrontEnd, ahead: Sequence[Ahead]) -> None:
        searched: list[tuple[Ahead, Frame, list[Face]]] = []
        for one in ahead:
            frame = one.packet
            if not isinstance(frame, Frame) or self._comes_too_soon(frame.t_ns):
                continue
            self._looked_ns = frame.t_ns
            with one.work(self._clock):
                searched.append((one, frame, face.find(frame)))
        for one, frame, faces in searched:
            with one.work(self._clock):
                observed = face.process(frame, faces)
                one.observations = observed if isinstance(observed, list) else [observed]
        self._encode([one for one, _, _ in searched])

    def _hear(self, speech: SpeechFrontEnd, ahead: Sequence[Ahead]) -> None:
        heard = []
        for one in ahead:
            if isinstance(one.packet, Chunk):
                with one.work(self._clock):
                    one.observations = speech.process(one.packet)
                heard.append(one)
        self._encode(heard)

    def _encode(self, ahead: Sequence[Ahead]) -> None:
        for one in ahead:
            if one.error is not None:
                continue
            with one.work(self._clock):
                began_ns = self._clock.now_ns() - one.work_ns
                one.observations, one.readings = self.encode(one.stream, one.observations, began_ns)

    def _comes_too_soon(self, t_ns: int) -> bool:
        # A clock that was set back makes no frame wait.
        return self._looked_ns is not None and 0 <= t_ns - self._looked_ns < self.picture_gap_ns
