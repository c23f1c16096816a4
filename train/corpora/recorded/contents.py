"""What a recording contains, by its events alone: its arrays are not read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import RecordingError
from edge.recording.session import EVENTS_NAME
from edge.types import NS_PER_S

RAW = {"frame": "vision", "chunk": "audio"}


@dataclass(frozen=True)
class Contents:
    """One recording.

    Attributes:
        streams: Those that gave something: a face, a second of sound, a word; of a raw recording
            a picture or sound.
        seconds: From its beginning to its last step; 0 without a step.
        ended: Whether its last event is complete: the process that recorded it was not killed.
    """

    streams: frozenset[str]
    seconds: float
    ended: bool


def contents_of(recording: Path) -> Contents:
    """Read the events of a recording. Raises: RecordingError, if they cannot be read."""
    streams: set[str] = set()
    first_ns: int | None = None
    last_ns = 0
    ended = False
    try:
        with (recording / EVENTS_NAME).open("rb") as lines:
            for line in lines:
                try:
                    event: dict[str, Any] = json.loads(line)
                    kind = event["kind"]
                except (ValueError, KeyError, TypeError):
                    break  # the log ends where it was cut, as for a replay
                if kind == "observation" and event.get("block") is not None:
                    streams.add(event["stream"])
                elif kind in RAW:
                    streams.add(RAW[kind])
                elif kind == "words" and any(one["words"] for one in event["utterances"]):
                    streams.add("text")
                elif kind == "step":
                    last_ns = event["end_ns"]
                    if first_ns is None:
                        origin = event["origin_ns"]
                        first_ns = last_ns if origin is None else origin
                ended = kind == "end"
    except OSError as error:
        raise RecordingError(f"{recording} cannot be read: {error.strerror}.") from None
    seconds = 0.0 if first_ns is None else (last_ns - first_ns) / NS_PER_S
    return Contents(frozenset(streams), seconds, ended)
