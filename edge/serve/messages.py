"""What a client sends: a hello, then pictures and sound with their capture times.

docs/serve.md has it as a table. Each refusal has a WebSocket close code (RFC 6455, 7.4) and one
sentence for the person in front of the page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, field_validator

from edge.config.section import Section
from edge.errors import ConfigError, EdgeError, SourceError
from edge.sources.base import SAMPLE_RATE_HZ
from edge.web.pieces import HEADER, PICTURE, SOUND

SOUND_MAX_S = 1
"""A piece of sound closes at most the windows of this time."""
HELLO_MAX_CHARS = 1024

DONE, GOING_AWAY, WRONG_TYPE, WRONG_DATA = 1000, 1001, 1003, 1007
LIMIT, TOO_BIG, FAULT, AGAIN, TRY_LATER = 1008, 1009, 1011, 1012, 1013


class Refused(EdgeError):
    """Ends one session.

    Attributes:
        code: The WebSocket close code.
        cause: A word or two for the metrics.
    """

    def __init__(self, code: int, cause: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.cause = code, cause


class Hello(Section):
    """The first message of a client, JSON."""

    protocol: Literal[1]
    """Of this document."""
    streams: list[Literal["vision", "audio"]] = Field(min_length=1, max_length=2)
    """What will be sent."""
    rate_hz: Annotated[int, Field(ge=8_000, le=96_000)] = SAMPLE_RATE_HZ
    """Of the sound."""
    wait: bool = False
    """A file: nothing is dropped, and the server reads as fast as it can recognise."""

    again: bool = False
    """The client was connected before: the first verdict has `starting` as the reason."""

    @field_validator("streams")
    @classmethod
    def _are_different(cls, given: list[str]) -> list[str]:
        if len(set(given)) < len(given):
            raise ValueError("must name each stream once")
        return given


@dataclass(frozen=True, slots=True)
class Piece:
    """One picture or piece of sound, not yet decoded.

    Attributes:
        kind: `PICTURE` or `SOUND`.
        t_ns: Capture time by the client's clock: of the picture, or of the first sample.
        data: A JPEG file, or 16-bit samples of one channel, little-endian.
    """

    kind: int
    t_ns: int
    data: memoryview

    @property
    def stream(self) -> str:
        """Of the session."""
        return "vision" if self.kind == PICTURE else "audio"

    def samples(self) -> NDArray[np.int16]:
        """The sound, shape (n,)."""
        return np.frombuffer(self.data, "<i2")


def read_hello(text: str | None) -> Hello:
    """Parse the first message.

    Raises:
        Refused: It is no hello.
    """
    wanted = 'Begin with a text message such as {"protocol": 1, "streams": ["vision", "audio"]}'
    if text is None:
        raise Refused(WRONG_TYPE, "no hello", f"{wanted}; this was bytes.")
    if len(text) > HELLO_MAX_CHARS:
        raise Refused(TOO_BIG, "no hello", f"{wanted}; this had {len(text)} characters.")
    try:
        return Hello.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "it"
        told = first["msg"].removeprefix("Value error, ")
        raise Refused(WRONG_DATA, "no hello", f"{wanted}; {key}: {told}.") from None
    except (ValueError, RecursionError):
        raise Refused(WRONG_DATA, "no hello", f"{wanted}; this was no JSON.") from None


def check_finish(text: str) -> None:
    """Check that a text message after the hello says that nothing more comes.

    Raises:
        Refused: It is another text.
    """
    try:
        if len(text) <= HELLO_MAX_CHARS and json.loads(text) == {"finish": True}:
            return
    except (ValueError, RecursionError):
        pass
    raise Refused(
        WRONG_TYPE,
        "text",
        'Pictures and sound are sent as bytes, and a text message can only be {"finish": true}.',
    )


def read_piece(message: bytes, hello: Hello) -> Piece:
    """Take a message apart.

    Raises:
        Refused: It is no picture or sound, or of a stream that was not announced.
    """
    if len(message) <= HEADER.size:
        raise Refused(
            WRONG_DATA,
            "garbage",
            f"A message has a header of {HEADER.size} bytes and then data; this had {len(message)}"
            " bytes.",
        )
    kind, t_ns = HEADER.unpack_from(message)
    if kind not in (PICTURE, SOUND):
        raise Refused(
            WRONG_DATA,
            "garbage",
            f"A message begins with 1 for a picture or 2 for sound, not {kind}.",
        )
    piece = Piece(kind, t_ns, memoryview(message)[HEADER.size :])
    if piece.stream not in hello.streams:
        what = "A picture" if kind == PICTURE else "Sound"
        raise Refused(
            WRONG_DATA, "not announced", f"{what} came, but {piece.stream} was not announced."
        )
    if kind == SOUND:
        _check_sound(piece, hello.rate_hz)
    return piece


def _check_sound(piece: Piece, rate_hz: int) -> None:
    size = len(piece.data)
    if size % 2:
        raise Refused(
            WRONG_DATA, "garbage", f"Sound has two bytes a sample; this had {size} bytes."
        )
    if size // 2 > SOUND_MAX_S * rate_hz:
        raise Refused(
            TOO_BIG,
            "long sound",
            f"A piece of sound lasts {SOUND_MAX_S} s at most; this lasted"
            f" {size / 2 / rate_hz:.1f} s.",
        )


def refusal_of(error: EdgeError) -> Refused:
    """What a session says of an error of its recogniser."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, SourceError):
        return Refused(WRONG_DATA, "wrong times", str(error))
    cause = "configuration" if isinstance(error, ConfigError) else "engine"
    return Refused(FAULT, cause, str(error))
