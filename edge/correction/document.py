"""The file of a correction: which bundle it is for, when and from what it was measured, and the
shifts. It holds no picture, no sound and no name; it is for its user's eyes alone (mode 0600)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import numpy as np
from pydantic import Field

from edge.bundle import Bundle
from edge.bundle.document import Strict, read_document
from edge.bundle.specs import Finite, Sha256
from edge.errors import ConfigError, CorrectionError
from edge.recognition.people import Followed
from edge.types import Float

SCHEMA_VERSION = 1
MAX_BYTES = 2**20
SUFFIX = ".json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class StreamCorrection(Strict):
    """The correction of one stream."""

    shift: Annotated[tuple[Finite, ...], Field(min_length=1, max_length=100_000)]
    """The person's mean neutral embedding (D,) minus that of the training."""
    strength: Annotated[float, Field(gt=0, le=1)]
    """Share of `shift` that is subtracted."""
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Time with a usable face, or with a voice, from which it was measured."""


class Correction(Strict):
    """The complete file."""

    schema_version: int
    bundle: Annotated[str, Field(max_length=200)]
    bundle_digest: Sha256
    made: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """UTC."""
    streams: Annotated[dict[str, StreamCorrection], Field(min_length=1, max_length=2)]


def file_of(given: str) -> Path:
    """The file that NAME|FILE means: what ends in .json or has a folder is a file, the rest a name
    in the user's configuration folder.

    Raises:
        ConfigError: It is neither, or the user has no home folder.
    """
    if given.endswith(SUFFIX) or Path(given).name != given:
        return Path(given)
    if not NAME.fullmatch(given):
        raise ConfigError(
            f"'{given}' is not a name for a correction: use letters, digits, - and _, or a file"
            f" that ends in {SUFFIX}."
        )
    root = os.environ.get("XDG_CONFIG_HOME")
    try:
        folder = Path(root) if root else Path.home() / ".config"
    except RuntimeError:  # a container's user without a name
        raise ConfigError(
            "This user has no home folder for corrections: set XDG_CONFIG_HOME, or give a file that"
            f" ends in {SUFFIX}."
        ) from None
    return folder / "cdat-edge" / "people" / (given + SUFFIX)


def read_correction(path: Path, bundle: Bundle) -> Correction:
    """Read and check the correction that was made for `bundle`.

    Raises:
        CorrectionError: It is missing, damaged, or made for another bundle.
    """
    again = "measure it again with `cdat-edge calibrate`"
    if path.exists() and not path.is_file():
        raise CorrectionError(f"{path} is not a file: {again}.")
    if not path.exists():
        raise CorrectionError(f"There is no correction {path}: {again}, or give its file.")
    found = read_document(path, Correction, SCHEMA_VERSION, MAX_BYTES, CorrectionError, again)
    if found.bundle_digest != bundle.digest:
        raise CorrectionError(
            f"{path} was made for the bundle {found.bundle!r} ({found.bundle_digest[:12]}), not for"
            f" {bundle.folder} ({bundle.digest[:12]}): {again}."
        )
    size = bundle.manifest.fusion.embedding_size
    for name, one in found.streams.items():
        if name not in ("audio", "vision") or name not in bundle.manifest.names:
            raise CorrectionError(f"{path}: streams.{name} cannot be corrected: {again}.")
        if len(one.shift) != size:
            raise CorrectionError(
                f"{path}: streams.{name}.shift has {len(one.shift)} values, not {size}: {again}."
            )
    return found


def shifts_of(given: str | None, people: Followed, bundle: Bundle) -> Mapping[str, Float]:
    """What a run subtracts from the embeddings (D,) of a stream: `person_correction`, read.

    Raises:
        ConfigError: Several people are followed, or `given` is no name.
        CorrectionError: See `read_correction`.
    """
    if given is None:
        return {}
    if people != "nearest":
        raise ConfigError(
            f"person_correction {given} is of one person, but people is {people}: leave out one of"
            " them."
        )
    found = read_correction(file_of(given), bundle)
    return {
        name: np.array(one.strength * np.array(one.shift), np.float32)
        for name, one in found.streams.items()
    }


def write_correction(path: Path, correction: Correction) -> None:
    """Write the file whole or not at all, readable by its user alone.

    Raises:
        CorrectionError: It cannot be written.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made with mode 0600.
        with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            part = Path(file.name)
            file.write(correction.model_dump_json(indent=1) + "\n")
        part.replace(path)
    except OSError as error:
        if part is not None:
            with suppress(OSError):
                part.unlink()
        raise CorrectionError(f"{path} cannot be written: {error.strerror}.") from None
