"""The lines of `events.jsonl`: one event each, in the order in which they took effect."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from edge.bundle.document import Strict
from edge.recording.blocks import Block

TimeNs = Annotated[int, Field(gt=-(2**62), lt=2**62)]
Stream = Literal["audio", "vision"]


class Observed(Strict):
    """An observation was encoded and put into its stream's ring."""

    kind: Literal["observation"]
    stream: Stream
    t_ns: TimeNs
    quality: tuple[float, ...]
    detail: dict[str, Any]
    block: Block | None = None


class Seen(Strict):
    """A frame was processed by the face front end. Its observation is in the ring."""

    kind: Literal["frame"]
    t_ns: TimeNs
    index: int
    block: Block
    engine_failed: bool = False
    """Its crop could not be encoded."""


class Heard(Strict):
    """A chunk was processed by the speech front end. Its observations are in the ring."""

    kind: Literal["chunk"]
    t_ns: TimeNs
    rate_hz: int
    first_sample: TimeNs
    gap: str | None
    block: Block
    engine_failed: bool = False
    """Its segments could not be encoded."""


class WordRecord(Strict):
    """As `edge.types.Word`."""

    text: str
    start_ns: TimeNs
    end_ns: TimeNs
    confidence: float
    final: bool = True  # older recordings do not say it


class UtteranceRecord(Strict):
    """As `edge.types.Utterance`."""

    index: int
    words: tuple[WordRecord, ...]
    final: bool
    heard_ns: TimeNs


class Read(Strict):
    """The transcript was revised."""

    kind: Literal["words"]
    utterances: tuple[UtteranceRecord, ...]
    heard_ns: TimeNs


class Stepped(Strict):
    """A step read its windows. `links` is the state of each stream at that time."""

    kind: Literal["step"]
    end_ns: TimeNs
    wall_ns: Annotated[int, Field(ge=0, lt=2**63)]
    origin_ns: TimeNs | None
    is_media: bool
    links: dict[Literal["text", "audio", "vision"], Literal["off", "starting", "up", "lost"]]
    phase: dict[str, Any] | None
    adjustment: dict[str, bool | float] = Field(default_factory=dict)
    """As `edge.recognition.adjustment.Adjustment.to_dict`; older recordings have none."""


class Judged(Strict):
    """The verdict of the previous step, for comparison."""

    kind: Literal["verdict"]
    verdict: dict[str, Any]


class Ended(Strict):
    """The recording ended normally. `cause` says why, if it ended before the run."""

    kind: Literal["end"]
    cause: str | None


Event = Observed | Seen | Heard | Read | Stepped | Judged | Ended
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def parse(line: bytes) -> Event:
    """Parse one line as an event.

    Raises:
        ValueError: The line is not an event (a pydantic ValidationError is a ValueError).
    """
    try:
        tree = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _EVENT.validate_python(tree)
