"""Reads a file that `--jsonl` has written, and checks each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import VerdictFileError, pydantic_message
from edge.recognition.mark import TEXT_LIMIT
from edge.recognition.verdict import VERDICT_SCHEMA, State
from edge.types import STREAMS

LINE_LIMIT = 4_000_000
"""Bytes: a verdict of 1000 labels has about 50,000."""
SOURCE = "give a file that `cdat-edge run --jsonl` has written"

# No format of text or XML can hold control characters, or a line break inside a label.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")

Name = Annotated[str, AfterValidator(lambda text: _UNPRINTABLE.sub(" ", text))]
Share = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class StreamLine(_Part):
    """One stream of a verdict."""

    state: State
    reason: str | None
    reliability: Share | None


class NumberLine(_Part):
    """What a number means."""

    name: Name
    unit: Name
    low: float
    high: float


class MarkLine(_Part):
    """A mark, on the clock of `span_ns`."""

    t_ns: int
    text: Annotated[Name, Field(max_length=TEXT_LIMIT)]


class Line(_Part):
    """What this package uses of a verdict; the fields are those of `verdict.schema.json`."""

    seq: Annotated[int, Field(ge=0)]
    wall_time: str
    span_ns: tuple[int, int]
    media_s: tuple[Seconds, Seconds] | None
    label: Name | None
    scores: dict[Name, Share]
    confidence: Share | None
    streams: dict[str, StreamLine]
    face_box: tuple[Pixels, Pixels, Pixels, Pixels] | None = None
    labels: tuple[Name, ...] | None = None
    value: float | None = None
    number: NumberLine | None = None
    person: Annotated[int, Field(ge=1)] | None = None
    session: Name | None = None
    corrected: Literal[False] | tuple[str, ...] | None = None
    """None: of a version that did not write it."""
    marks: tuple[MarkLine, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Line:
        for begin, end in filter(None, (self.span_ns, self.media_s)):
            if begin > end:
                raise ValueError("a window ends before it begins")
        if set(self.streams) != set(STREAMS):
            raise ValueError(f"streams are not {', '.join(STREAMS)}")
        given = {self.label, *(self.labels or ())} - {None}
        if not given <= set(self.scores):
            raise ValueError("a label has no probability")
        if self.value is not None and self.number is None:
            raise ValueError("value has no number")
        return self

    @property
    def kind(self) -> Literal["label", "labels", "number"]:
        """What the bundle answers with: one label, any number of them, or a number."""
        if self.number is not None:
            return "number"
        return "labels" if "labels" in self.model_fields_set else "label"

    @property
    def unsure(self) -> bool:
        """Whether the answer is withheld."""
        return {"label": self.label, "labels": self.labels, "number": self.value}[self.kind] is None


class _Header(BaseModel):
    version: Any = Field(alias="schema", default=None)
    seq: Any = None
    scores: Any = None


class Numbered(NamedTuple):
    """A line with its number in the file, from 1."""

    number: int
    line: Line


def read_lines(path: Path) -> Iterator[Numbered]:
    """The verdicts of a file, one at a time; empty lines are skipped.

    Raises:
        VerdictFileError: Names the file, and the line that is not a verdict of this schema.
    """
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "does not exist"
        raise VerdictFileError(f"{path} {what}: {SOURCE}.")
    number = 0
    try:
        with path.open("rb") as file:
            while text := file.readline(LINE_LIMIT):
                number += 1
                if text.strip():
                    yield Numbered(number, _parsed(text, path, number))
    except OSError as error:
        raise VerdictFileError(f"{path} cannot be read: {error.strerror}; {SOURCE}.") from None


def _parsed(text: bytes, path: Path, number: int) -> Line:
    where = f"{path}, line {number},"
    try:
        header = _Header.model_validate_json(text)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise VerdictFileError(
                f"{where} is damaged, it is not JSON: remove the line, or make the file again."
            ) from None
        raise VerdictFileError(f"{where} is not a verdict: {SOURCE}.") from None
    if header.version is None or header.seq is None or header.scores is None:
        raise VerdictFileError(f"{where} is not a verdict: {SOURCE}.")
    if header.version != VERDICT_SCHEMA:
        raise VerdictFileError(
            f"{where} has schema {header.version!r:.40} and this version reads {VERDICT_SCHEMA}:"
            " make the file again with this version."
        )
    try:
        return Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        message = pydantic_message(first["msg"])
        told = f"`{field}`: {message}" if field else message
        raise VerdictFileError(
            f"{where} is damaged, {told}: remove the line, or make the file again."
        ) from None
