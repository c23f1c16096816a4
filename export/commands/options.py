"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from edge.engines import Precision
from edge.errors import ConfigError, EdgeError

ENGINES = ("tensorrt", "inductor", "onnxruntime")

BundleFolder = Annotated[
    Path | None, typer.Argument(help="A bundle's folder; without it the packaged one.")
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of the plans; default: the user's cache folder.")
]
Data = Annotated[
    Path | None, typer.Option(help="Folder of the corpora; without it CDAT_DATA, ../shared/data.")
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


@contextmanager
def needs(what: str, extra: str) -> Iterator[None]:
    """Around imports: a missing package is told in one sentence with the extra that brings it."""
    try:
        yield
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise EdgeError(
            f"{what} needs the package {package}, which is not installed:"
            f" pip install 'cdat-edge[{extra}]'."
        ) from error


def precision(text: str) -> Precision:
    """Raises: ConfigError, when it is none."""
    if text not in get_args(Precision):
        raise ConfigError(
            f"--precision: there is no precision {text!r}; choose one of"
            f" {', '.join(get_args(Precision))}."
        )
    return cast(Precision, text)
