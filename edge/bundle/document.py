"""Reads and checks a JSON document of a known schema version, with a size limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import EdgeError, pydantic_message

MAX_DIGITS = 400
"""Of a whole number: more than a double can hold, and fewer than Python refuses to print."""


class Strict(BaseModel):
    """Unknown keys are errors: a typo must not become a silent default."""

    # A run uses few of them, and a validator takes a while to build: each is built when it is used.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Document = TypeVar("Document", bound=Strict)


def read_document(
    path: Path,
    kind: type[Document],
    version: int,
    max_bytes: int,
    error: type[EdgeError],
    otherwise: str,
) -> Document:
    """Read `path` as `kind`, whose `schema_version` must be `version`.

    Args:
        otherwise: What to do about a document of another version, for the message.

    Raises:
        EdgeError: `error`, with a one-sentence message that names the file and the key.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except OSError as failure:
        raise error(f"{path} cannot be read: {failure.strerror}.") from None
    if len(raw) > max_bytes:
        raise error(f"{path} is larger than {max_bytes // 2**20} MiB: it is not such a document.")
    try:
        tree: Any = json.loads(raw, object_pairs_hook=_object, parse_int=_integer)
    except (ValueError, RecursionError) as failure:
        raise error(f"{path} is not valid JSON ({failure}).") from None
    if not isinstance(tree, dict):
        raise error(f"{path} must contain one JSON object.")
    # Check the version first: another schema may have keys that are unknown here.
    if tree.get("schema_version") != version:
        raise error(
            f"{path} has schema_version {tree.get('schema_version')!r}, but this release reads"
            f" {version}: {otherwise}."
        )
    try:
        return kind.model_validate(tree)
    except ValidationError as failure:
        first = failure.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the document"
        raise error(f"{path}: {key}: {pydantic_message(first['msg'])}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """With a key twice, readers disagree on which one counts."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:80]!r} is given twice")
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)
