"""`cdat-edge`: the command line. Each command is a file in `edge.commands`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import typer

from edge import interrupt
from edge.commands.on_demand import group_of
from edge.commands.screen import screen
from edge.commands.version import root
from edge.errors import DOCTOR, AsrError, BundleError, EdgeError, EngineError
from edge.standard_streams import abandon_output, reopen_closed

COMMANDS = (
    "run",
    "serve",
    "demo",
    "calibrate",
    "replay",
    "convert",
    "devices",
    "doctor",
    "bench",
    "bench-serve",
)
SAME_OPTIONS = ("run", "serve", "demo")
"""Their options for the bundle, the engine and speech-to-text are those of `doctor`, too."""

app = typer.Typer(
    cls=group_of(*COMMANDS),
    name="cdat-edge",
    help="Live emotion recognition from camera, microphone and words, with stream reliability.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(root)


def main() -> None:
    """Entry point: an `EdgeError` is printed as one sentence, and the exit code is 1."""
    reopen_closed()
    try:
        app()
    except EdgeError as error:
        _print_error(f"{error}{_hint(error)}")
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader of the output, such as `head`, has ended
        abandon_output()
        raise SystemExit(1) from None
    except OSError as error:
        abandon_output()
        _print_error(_told(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(interrupt.EXIT_CODE) from None


def _told(error: OSError) -> str:
    what = error.filename or "standard output or a file"
    if isinstance(error, FileNotFoundError) and not _has_folder():
        return f"The working folder was removed: go to another one ({error.strerror})."
    return f"{what} cannot be used: {error.strerror or error}."


def _has_folder() -> bool:
    """Whether the working folder exists."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _hint(error: EdgeError) -> str:
    """The sentence that points to `doctor`, after an error of what it looks at."""
    if not isinstance(error, BundleError | EngineError | AsrError) or DOCTOR in str(error):
        return ""
    command = next((one for one in sys.argv[1:] if not one.startswith("-")), "")
    return f" {DOCTOR}, with the same options." if command in SAME_OPTIONS else f" {DOCTOR}."


def _print_error(sentence: str) -> None:
    with suppress(OSError):  # standard error cannot be written: the exit code tells it
        screen(stderr=True).print(f"cdat-edge: {sentence}", style="red", soft_wrap=True)


if __name__ == "__main__":
    main()
