"""Several people before one camera and one microphone: a recogniser for each of them.

    frame --> one detector pass --> each face --> that person's window
    sound --> encoded once -------> who speaks --> that person's window
    words ------------------------> who spoke --> that person's words
    step  --> the verdict of each person, by number; of nobody while the picture is empty

What several share is here; each person's windows, gate and verdicts are in a `Recognizer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.frontends.face import EVERYTHING, Watches
from edge.frontends.face_crop import FaceParams
from edge.frontends.face_tracks import LEAVE_NS, PEOPLE_LIMIT
from edge.frontends.faces import FacesFrontEnd
from edge.recognition.availability import availability
from edge.recognition.fusion_input import NO_SHIFTS
from edge.recognition.reasons import NOT_SPEAKING
from edge.recognition.recognizer import NONE_FAILED, Recognizer
from edge.recognition.snapshot import Snapshot
from edge.recognition.tap import Tap
from edge.recognition.turns import EVIDENCE_NS, Turns, who_speaks
from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S, Float, Reading, Word

Followed = Literal["nearest", "all"] | int
"""Whose verdicts a run gives: `people` of the configuration."""
UNSEEN_NS = LEAVE_NS + NS_PER_S
"""Without frames nobody can leave; whoever was not seen for so long has."""


class Person:
    """One person's recogniser, and when the person was last seen."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer
        self.listed_ns = self.seen_ns = 0


class People(Recognizer):
    """The recogniser of all. Its own windows are nobody's: all sound, and pictures without people.

    Args:
        limit: The most people at once; at most `PEOPLE_LIMIT`.
    """

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks,
        clock: Clock,
        window: WindowSpec | None = None,
        tap: Tap | None = None,
        takes_packets: bool = True,
        watches: Watches = EVERYTHING,
        limit: int = PEOPLE_LIMIT,
    ) -> None:
        self._limit = limit
        super().__init__(bundle, networks, clock, window, tap, takes_packets, watches)
        self._make: Callable[[], Recognizer] = lambda: Recognizer(
            bundle, networks, clock, window, None, False, watches
        )
        self._people: dict[int, Person] = {}
        self._newest_frame_ns = 0
        self._turns = Turns(self.text_ns + NS_PER_S, max(EVIDENCE_NS, self.step_ns))
        self._unclaimed: list[Reading] = []

    def steps(
        self,
        end_ns: int,
        closed_ns: int,
        phase: dict[str, Any] | None = None,
        engine_failed: Mapping[int | None, frozenset[str]] = NONE_FAILED,
    ) -> list[Verdict]:
        """The verdict of each person in the picture, by number; one without `person` while nobody
        is. Step thread only."""
        begun_ns = self._clock.now_ns()
        with self._order:
            step = self._begin_step(end_ns, phase)
            all_of_it = self._read(step, *self._text.heard(end_ns))
            self._forget_who_left(end_ns)
            people = {number: p.recognizer for number, p in sorted(self._people.items())}
            self._hand_out_sound(all_of_it)
            seen = {
                number: one._read(step, self._words_of(number, all_of_it.words), all_of_it.heard_ns)
                for number, one in people.items()
            }
            if self._tap is not None:
                self._tap.on_step(step)
        seq = self._seq
        none: frozenset[str] = frozenset()
        if not people:
            nobody = self._with_text(all_of_it)
            verdicts = [self.judge(nobody, begun_ns, closed_ns, engine_failed.get(None, none))]
        else:
            self._seq += 1
            verdicts = []
            for number, one in people.items():
                judged = one.judge(
                    one._with_text(seen[number]),
                    begun_ns,
                    closed_ns,
                    engine_failed.get(number, none),
                    self._elsewhere(all_of_it, seen[number]) if len(people) > 1 else {},
                )
                verdicts.append(replace(judged, seq=seq, person=number))
        self._report(verdicts)
        return verdicts

    def step(
        self,
        end_ns: int,
        closed_ns: int,
        phase: dict[str, Any] | None = None,
        engine_failed: frozenset[str] = frozenset(),
    ) -> Verdict:
        """The first of the step's verdicts: of the person who has been there longest."""
        everybody = dict.fromkeys((None, *self._people), engine_failed)
        return self.steps(end_ns, closed_ns, phase, everybody)[0]

    def _front_end(self, params: FaceParams, watches: Watches) -> FacesFrontEnd:
        # The mouths are always watched: they tell whose voice it is.
        return FacesFrontEnd(params, self._limit)

    def _put(self, stream: str, reading: Reading) -> None:
        if stream == "audio":
            super()._put(stream, reading)
            self._unclaimed.append(reading)
            return
        number = reading.detail.get("person")
        self._newest_frame_ns = reading.t_ns
        if not isinstance(number, int):
            super()._put(stream, reading)
            return
        person = self._people.get(number)
        if person is None:
            person = self._people[number] = Person(self._make())
        person.listed_ns = reading.t_ns
        if reading.detail.get("box") is not None:
            person.seen_ns = reading.t_ns
        person.recognizer._put(stream, reading)

    def _forget_who_left(self, end_ns: int) -> None:
        self._people = {
            number: person
            for number, person in self._people.items()
            if person.listed_ns == self._newest_frame_ns and end_ns - person.seen_ns <= UNSEEN_NS
        }

    def _hand_out_sound(self, all_of_it: Snapshot) -> None:
        """Tell who speaks, and give the sound to that person. The lock is held."""
        end_ns = all_of_it.step.end_ns
        faces = {
            number: person.recognizer._rings.readings(end_ns - EVIDENCE_NS, end_ns)["vision"]
            for number, person in self._people.items()
        }
        sounds = all_of_it.recent.get("audio", ())
        speaker = who_speaks(faces, sounds, end_ns, self._turns.speaker) if faces else None
        self._turns.take(end_ns, speaker)
        waiting: list[Reading] = []
        for reading in self._unclaimed:
            whose = self._turns.whose(reading.t_ns)
            if whose in self._people:
                self._people[whose].recognizer._put("audio", reading)
            elif whose is None and reading.t_ns > end_ns - self._turns.claim_ns:
                waiting.append(reading)
        self._unclaimed = waiting

    def _words_of(self, number: int, words: tuple[Word, ...]) -> tuple[Word, ...]:
        return tuple(
            word
            for word in words
            if self._turns.whose((word.start_ns + word.end_ns) // 2) == number
        )

    def _elsewhere(self, all_of_it: Snapshot, own: Snapshot) -> dict[str, str]:
        """Why sound or words are not this person's, where there are any."""
        window = all_of_it.windows["audio"]
        signal = self._input.signal("audio", window)
        heard, why = availability("audio", all_of_it.links["audio"], window, signal, False)
        found = {} if not heard and why is None else {"audio": NOT_SPEAKING if heard else str(why)}
        if all_of_it.words and not own.words:
            found["text"] = NOT_SPEAKING
        return found


def recognizer_of(
    people: Followed,
    bundle: Bundle,
    networks: Networks,
    clock: Clock,
    window: WindowSpec,
    tap: Tap | None,
    takes_packets: bool,
    watches: Watches,
    shifts: Mapping[str, Float] = NO_SHIFTS,
) -> Recognizer:
    """The recogniser of the nearest face, or of all people, or of so many. See `Recognizer`; only
    the nearest face may have `shifts`."""
    given = bundle, networks, clock, window, tap, takes_packets, watches
    if people == "nearest":
        return Recognizer(*given, shifts)
    return People(*given, PEOPLE_LIMIT if people == "all" else people)
