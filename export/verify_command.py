"""What `cdat-export verify` prints and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from rich.console import Console

from edge.bundle import Bundle
from edge.engines import Precision
from edge.errors import ConfigError, EdgeError


def run_verification(
    folder: Path,
    engines: Sequence[str],
    precisions: Sequence[str],
    run: Path | None,
    count: int,
    data: Path | None,
    out: Path | None,
) -> bool:
    """Verify, print a table and the failures, and write `out`.

    Returns:
        Whether everything passed.

    Raises:
        EdgeError: A name is wrong, a package or the bundle is missing, or nothing can be compared.
    """
    if unknown := [one for one in precisions if one not in get_args(Precision)]:
        raise ConfigError(
            f"--precision: there is no precision {unknown[0]!r}; choose one of"
            f" {', '.join(get_args(Precision))}."
        )
    try:
        from export.real_slice import RealSlice, read_slice
        from export.verification import verify
        from train.corpora.folder import data_folder
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise EdgeError(
            f"Verifying needs the package {package}, which is not installed: "
            "pip install 'cdat-edge[export,train]'."
        ) from error
    bundle = Bundle.load(folder)

    def read() -> RealSlice:
        return read_slice(bundle, data_folder(data), count)

    found = verify(bundle, engines, cast("list[Precision]", list(precisions)), run, read)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(found.table())
    for name, gate in found.gates.items():
        console.print(f"{name}: {gate.sentence}", soft_wrap=True, markup=False)
    for name, why in found.unopened.items():
        console.print(f"{name} is not verified: {why}", soft_wrap=True, markup=False)
    for failure in found.failures:
        print(f"cdat-export: {failure}", file=sys.stderr)
    if out is not None:
        out.write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    return not found.failures
