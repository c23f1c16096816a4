"""`cdat-export`: build, sign, compile, prove and measure a bundle."""

from __future__ import annotations

import errno
import sys
import tempfile

import typer

from edge.commands.version import root
from edge.errors import EdgeError
from export.commands.batch import batch
from export.commands.bench import bench
from export.commands.build import build
from export.commands.compile import compile_
from export.commands.face_detector import face_detector
from export.commands.neutral import neutral
from export.commands.sign import keys, sign
from export.commands.verify import verify

HELP = "Build a bundle for cdat-edge, compile it for this machine, prove it and measure it."

app = typer.Typer(
    name="cdat-export",
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


app.command()(build)
app.command("compile")(compile_)
app.command()(verify)
app.command()(bench)
app.command()(batch)
app.command()(neutral)
app.command()(keys)
app.command()(sign)
app.command("face-detector")(face_detector)
app.callback()(root)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: an `EdgeError` is printed on standard error as one sentence; exit status 1."""
    try:
        app(arguments, standalone_mode=True)
    except EdgeError as error:
        print(f"cdat-export: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"cdat-export: {_told(error)}", file=sys.stderr)
        sys.exit(1)


def _told(error: OSError) -> str:
    if error.errno == errno.ENOSPC and error.filename is None:  # a write does not name its file
        return (
            f"The disk is full, perhaps that of the temporary files in {tempfile.gettempdir()}:"
            " make room, or set TMPDIR to a folder on another disk."
        )
    return f"{error.filename or 'a file'}: {error.strerror or error}."
