"""Views: the recordings of one file, clean and with faults on its picture and sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from edge.bundle.document import Strict
from edge.errors import DataError, pydantic_message
from edge.faults import FAULTS

VIEWS_NAME = "views.json"


@dataclass(frozen=True)
class View:
    """One recording of a file.

    Attributes:
        recording: The name of the clean recording.
        number: 0 is the clean recording.
        faults: By stream ("vision", "audio"): the name of the fault in `edge.faults.FAULTS` and
            its severity in 0..1. A stream without a fault is left out.
    """

    recording: str
    number: int = 0
    faults: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def folder_name(self) -> str:
        """`NAME` for the clean recording, `NAME.1`, `NAME.2`, ... for the others."""
        return f"{self.recording}.{self.number}" if self.number else self.recording


class FaultRecord(Strict):
    """The fault of one stream."""

    fault: str
    severity: Annotated[float, Field(ge=0, le=1)]


class ViewRecord(Strict):
    """One view in `views.json`."""

    view: Annotated[int, Field(ge=1, le=1000)]
    vision: FaultRecord | None
    audio: FaultRecord | None


_VIEWS: TypeAdapter[dict[str, list[ViewRecord]]] = TypeAdapter(dict[str, list[ViewRecord]])


def read_views(path: Path, recordings: Iterable[str]) -> dict[str, tuple[View, ...]]:
    """The views of each of `recordings`, the clean one first.

    Raises:
        DataError: The file is malformed, or names a fault that does not exist.
    """
    try:
        raw = path.read_bytes() if path.exists() else b"{}"
        listed = _VIEWS.validate_json(raw)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the document"
        raise DataError(f"{path}: {key}: {pydantic_message(first['msg'])}.") from None
    return {
        name: (View(name), *(_view(name, one, path) for one in listed.get(name, ())))
        for name in sorted(recordings)
    }


def write_views(path: Path, views: Iterable[View]) -> None:
    """Write every view with faults; a clean one is not listed."""
    listed: dict[str, list[ViewRecord]] = {}
    for view in views:
        if view.number:
            records = {
                stream: FaultRecord(fault=fault, severity=severity)
                for stream, (fault, severity) in view.faults.items()
            }
            record = ViewRecord(
                view=view.number, vision=records.get("vision"), audio=records.get("audio")
            )
            listed.setdefault(view.recording, []).append(record)
    path.write_bytes(_VIEWS.dump_json(listed, indent=1) + b"\n")


def _view(recording: str, record: ViewRecord, path: Path) -> View:
    faults = {}
    for stream, fault in (("vision", record.vision), ("audio", record.audio)):
        if fault is None:
            continue
        if fault.fault not in FAULTS[stream]:
            raise DataError(
                f"{path}: {recording}: the fault '{fault.fault}' of {stream} is not one of"
                f" {', '.join(FAULTS[stream])}."
            )
        faults[stream] = (fault.fault, fault.severity)
    return View(recording, record.view, faults)
