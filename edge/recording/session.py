"""`session.json`: the content of a recording, and the bundle and engine it was made with."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from edge.bundle import Bundle
from edge.bundle.document import Strict, read_document
from edge.bundle.manifest import Sha256, WindowSpec
from edge.bundle.specs import Finite
from edge.engines import Precision
from edge.errors import RecordingError
from edge.frontends import QUALITY
from edge.frontends.face import EVERYTHING, Watches
from edge.frontends.face_tracks import PEOPLE_LIMIT
from edge.recognition.fusion_input import NO_SHIFTS
from edge.recognition.people import Followed
from edge.types import Float

SCHEMA_VERSION = 2
SESSION_NAME = "session.json"
EVENTS_NAME = "events.jsonl"
BLOCKS_NAME = "blocks.bin"
MAX_SESSION_BYTES = 2**20

Content = Literal["features", "raw"]
"""The output of the front ends, or the sound and video themselves."""


class BundleIdentity(Strict):
    """The bundle. `digest` is the SHA-256 of its manifest, which lists those of all its files."""

    name: Annotated[str, Field(max_length=200)]
    digest: Sha256


class EngineIdentity(Strict):
    """The engine. Other threads or another device may round differently."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """A registered name; otherwise the replay lists the available ones."""
    precision: Precision
    threads: Annotated[int, Field(ge=1, le=64)]
    device: Annotated[str, Field(max_length=200)]


class RecordingHeader(Strict):
    """The complete `session.json`. It has no wall-clock time, and no host, user or device name."""

    schema_version: int
    content: Content
    bundle: BundleIdentity
    frontend_digest: Sha256
    engine: EngineIdentity
    window: WindowSpec
    quality: dict[str, tuple[str, ...]]
    """The names of the signals in each observation's `quality`, by stream."""
    start_ns: int
    """The monotonic clock when the recording began."""
    watches_mouth: bool = False
    """Whether the run had `gate.watch_mouth`. Recordings of before do not name it."""
    watches_person: bool = False
    """Whether it had `gate.watch_person`. Recordings of before do not name it."""
    people: Literal["nearest", "all"] | Annotated[int, Field(ge=1, le=PEOPLE_LIMIT)] = "nearest"
    """The run's `people`. Recordings of before do not name it."""
    shifts: dict[str, tuple[Finite, ...]] = Field(default_factory=dict)
    """By how much the run's `person_correction` shifted the embeddings (D,) of a stream."""

    @field_validator("window", mode="before")
    @classmethod
    def _no_wait_of_before(cls, window: Any) -> Any:
        # Recordings of before do not name it: their first label came from the first evidence.
        return {"min_share": 0.0, **window} if isinstance(window, Mapping) else window

    @property
    def watches(self) -> Watches:
        """What the run measured of the tracked face."""
        return Watches(self.watches_mouth, self.watches_person)


def describe_session(
    bundle: Bundle,
    engine: EngineIdentity,
    window: WindowSpec,
    content: Content,
    start_ns: int,
    watches: Watches = EVERYTHING,
    people: Followed = "nearest",
    shifts: Mapping[str, Float] = NO_SHIFTS,
) -> RecordingHeader:
    """The header of a recording that begins now."""
    return RecordingHeader(
        schema_version=SCHEMA_VERSION,
        content=content,
        bundle=BundleIdentity(name=bundle.manifest.name, digest=bundle_digest(bundle)),
        frontend_digest=bundle.manifest.frontend_digest,
        engine=engine,
        window=window,
        quality={stream: QUALITY[stream] for stream in ("audio", "vision")},
        start_ns=start_ns,
        watches_mouth=watches.mouth,
        watches_person=watches.person,
        people=people,
        shifts={name: tuple(map(float, shift)) for name, shift in shifts.items()},
    )


def bundle_digest(bundle: Bundle) -> str:
    """SHA-256 of the manifest."""
    return bundle.digest


def read_session(folder: Path) -> RecordingHeader:
    """Read and check `session.json`.

    Raises:
        RecordingError: `folder` is not a recording, or was made by another release.
    """
    path = folder / SESSION_NAME
    if not folder.is_dir():
        raise RecordingError(f"{folder} is not a folder: give a folder that --record wrote.")
    for name in (SESSION_NAME, EVENTS_NAME, BLOCKS_NAME):
        _check_regular(folder, name)
    return read_document(
        path,
        RecordingHeader,
        SCHEMA_VERSION,
        MAX_SESSION_BYTES,
        RecordingError,
        "replay it with the release that recorded it",
    )


def _check_regular(folder: Path, name: str) -> None:
    try:
        mode = (folder / name).stat().st_mode
    except FileNotFoundError:
        raise RecordingError(
            f"{folder} contains no {name}: it is not a recording, or it is incomplete."
        ) from None
    except OSError as error:
        raise RecordingError(f"{folder / name} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise RecordingError(f"{folder / name} is not a regular file: it is not a recording.")
