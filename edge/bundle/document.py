"""A JSON document of a known schema version, read in bounds and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import EdgeError


class Strict(BaseModel):
    """Unknown keys are refused: a typo must not become a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
        EdgeError: `error`, in one sentence that names the file and the key.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except OSError as failure:
        raise error(f"{path} cannot be read: {failure.strerror}.") from None
    if len(raw) > max_bytes:
        raise error(f"{path} is larger than {max_bytes // 2**20} MiB, so it is something else.")
    try:
        tree: Any = json.loads(raw)
    except (ValueError, RecursionError) as failure:
        raise error(f"{path} is not valid JSON ({failure}).") from None
    if not isinstance(tree, dict):
        raise error(f"{path} must hold one JSON object.")
    # The version first: another schema may well have keys that this one does not know.
    if tree.get("schema_version") != version:
        raise error(
            f"{path} has schema_version {tree.get('schema_version')!r}, and this release reads"
            f" {version}: {otherwise}."
        )
    try:
        return kind.model_validate(tree)
    except ValidationError as failure:
        first = failure.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the document"
        raise error(f"{path}: {key}: {first['msg']}.") from None
