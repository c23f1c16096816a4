"""One session's recognition, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

from edge.clock import Clock
from edge.config import Config
from edge.errors import EdgeError, first_line
from edge.recognition.availability import Link
from edge.recognition.verdict import Verdict
from edge.runtime.pushed_models import PushedModels
from edge.runtime.session import Session
from edge.runtime.shared_models import SharedModels
from edge.serve.inbox import Inbox
from edge.serve.jpeg import decode
from edge.serve.messages import DONE, FAULT, Hello, Piece, Refused, refusal_of
from edge.web.pieces import PICTURE

Ready = Callable[[list[str], bool], None]
"""Is told which streams are taken, and whether words are recognised."""


class Work:
    """Takes what the inbox gives, and hands on what comes of it.

    Args:
        models: Shared by all sessions.
        config: Of all sessions.
        hello: What the client announced.
        inbox: Its pieces; when it is stopped or finished, the work ends.
        ready: Called once, when the first piece can be processed. On the session's thread, as are
            the others.
        tell: Called with each verdict.
        ended: Called once, with why the session has ended. Nothing is called after it.
    """

    def __init__(
        self,
        models: SharedModels,
        config: Config,
        clock: Clock,
        hello: Hello,
        inbox: Inbox,
        ready: Ready,
        tell: Callable[[Verdict], None],
        ended: Callable[[Refused], None],
    ) -> None:
        self._models, self._config, self._clock = models, config, clock
        self._hello, self._inbox = hello, inbox
        self._ready, self._tell, self._ended = ready, tell, ended
        self._opened: PushedModels | None = None
        self._known_notes = len(models.notes)

    def start(self) -> None:
        """Begin; returns at once."""
        threading.Thread(target=self._run, name="served session", daemon=True).start()

    @property
    def notes(self) -> list[str]:
        """What happened to engines and speech-to-text since it began, one sentence each; a copy."""
        own = [] if self._opened is None else self._opened.notes
        return [*self._models.notes[self._known_notes :], *own]

    def _run(self) -> None:
        end = Refused(DONE, "finished", "The session has ended.")
        try:
            self._work()
        except EdgeError as error:
            end = refusal_of(error)
        except BaseException as error:  # a fault of this program ends one session, not all
            told = f"{type(error).__name__}: {first_line(error)}"
            end = Refused(FAULT, "fault", f"The session failed by a fault of the program ({told}).")
        self._ended(end)

    def _work(self) -> None:
        networks = self._models.networks
        models = PushedModels(
            frozenset(self._hello.streams), self._models.bundle, self._config, self._clock, networks
        )
        self._opened = models
        encoded = models.streams | ({"text"} if models.transcribes else frozenset())
        with closing(Session.over(models, self._clock)) as session:
            networks.add_run(encoded)
            if self._hello.again:
                self._link("starting")
            try:
                self._ready(sorted(models.streams), models.transcribes)
                while (piece := self._inbox.get()) is not None:
                    self._hand_on(self._pushed(session, piece))
                if not self._inbox.stopped:
                    self._hand_on(session.finish())
            finally:
                networks.remove_run(encoded)

    def _pushed(self, session: Session, piece: Piece) -> list[Verdict]:
        if piece.kind == PICTURE:
            picture = decode(piece.data, self._config.serve.picture_max_px)
            return session.push_frame(picture, piece.t_ns)
        return session.push_samples(piece.samples(), piece.t_ns, self._hello.rate_hz)

    def _hand_on(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            self._tell(verdict)
            if self._hello.again and verdict.seq == 0:
                self._link("up")

    def _link(self, link: Link) -> None:
        assert self._opened is not None
        for stream in self._opened.streams.intersection(self._models.bundle.manifest.names):
            self._opened.recognizer.set_link(stream, link)
