"""How often a client may send, and how long it may stay."""

from __future__ import annotations

from edge.config import ServeConfig
from edge.serve.messages import LIMIT, Hello, Refused

AVERAGE_S = 10.0
"""After a pause of the network what was held up arrives at once: only the average is limited."""


class Rate:
    """Messages on average over `AVERAGE_S`. Times are seconds of any clock that does not jump."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s, self._most = per_s, per_s * AVERAGE_S
        self._left, self._at_s = self._most, now_s

    def take(self, now_s: float) -> float:
        """Count one message. Returns for how many seconds it comes too early; 0: it does not."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s) - 1
        self._at_s = now_s
        return max(0.0, -self._left / self._per_s)


class Presence:
    """When each stream of a session sent something. Belongs to the event loop."""

    def __init__(self, config: ServeConfig, hello: Hello, begin_s: float) -> None:
        self._config, self._hello = config, hello
        self._begin_s = begin_s
        self._last_s: dict[str, float] | None = None
        """None until the session is ready: a client may wait for that."""

    def begin(self, now_s: float) -> None:
        """The session is ready, or reads again after it made its client wait."""
        self._last_s = dict.fromkeys(self._hello.streams, now_s)

    def saw(self, stream: str, now_s: float) -> None:
        """A piece of this stream came. Of a file one stream may end before the other."""
        if self._hello.wait or self._last_s is None:
            self.begin(now_s)
        else:
            self._last_s[stream] = now_s

    def check(self, now_s: float) -> None:
        """Look whether the session may go on.

        Raises:
            Refused: It is too long, or a stream is idle.
        """
        config = self._config
        if now_s - self._begin_s >= config.session_max_s:
            raise Refused(
                LIMIT,
                "too long",
                f"A session lasts {config.session_max_s:g} s at most on this server: start another"
                " one.",
            )
        for stream, last_s in (self._last_s or {}).items():
            if now_s - last_s >= config.idle_s:
                what = "picture" if stream == "vision" else "sound"
                raise Refused(
                    LIMIT,
                    "idle",
                    f"No {what} came for {config.idle_s:g} s: check the device, and start again.",
                )


def too_often(config: ServeConfig) -> Refused:
    """More messages came than a session may send."""
    return Refused(
        LIMIT,
        "too often",
        f"More than {config.messages_per_s:g} messages a second came for {AVERAGE_S:g} s: send"
        " fewer pictures, or longer pieces of sound.",
    )
