"""A changed copy of a bundle's folder, which appears whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bundle import Bundle
from edge.bundle.manifest import MANIFEST_NAME, Manifest
from edge.errors import BundleError


def check_outside(base: Bundle, out: Path) -> None:
    """Raises: BundleError, if `out` is inside the bundle."""
    if out.resolve().is_relative_to(base.folder.resolve()):
        raise BundleError(f"--out {out} is inside the bundle {base.folder}: name a folder outside.")


@contextmanager
def copied(base: Bundle, out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` with the bundle's files, to be changed; at the end it is `out`.

    Args:
        out: A folder that does not exist.
    """
    # One name, so that the next try takes away what a killed one has left.
    work = out.with_name(f".{out.name}-unfinished")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        for name in base.manifest.files:
            shutil.copyfile(base.path(name), work / name)
        yield work
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_manifest(manifest: Manifest, work: Path) -> None:
    """Write the manifest of the copy."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
    (work / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
