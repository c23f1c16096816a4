"""What several files cannot have, and what they must not overwrite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.commands.media_files import Clip
from edge.config import Config
from edge.errors import ConfigError


def check_for_several(config: Config) -> None:
    """Check that nothing is asked for that only one run can have.

    Raises:
        ConfigError: Names the option.
    """
    source, output = config.source, config.output
    asked = {
        f"--camera {source.camera}": source.camera not in (None, "none", "off"),
        f"--mic {source.mic}": source.mic not in (None, "none", "off"),
        # Before the pace, which it changes.
        "--dashboard": config.dashboard.show,
        "--pace live": source.pace == "live",
        "--save": output.save is not None,
        "--record": config.record.folder is not None,
        "--http": config.http.address is not None,
        "--mqtt": config.mqtt.url is not None,
        "--osc": config.osc.address is not None,
        "--lsl": config.lsl.name is not None,
    }
    for option, given in asked.items():
        if given:
            raise ConfigError(
                f"{option} is for one file, and --file names several: leave it out, or give one"
                " file."
            )
    if output.jsonl == "-":
        raise ConfigError(
            "--jsonl - would mix the verdicts of several files: name a folder for one file each."
        )
    if output.jsonl is not None and Path(output.jsonl).is_file():
        raise ConfigError(f"--jsonl {output.jsonl} is a file: with several files name a folder.")


def check_places(config: Config, clips: Sequence[Clip]) -> None:
    """Check that no output would be written to one of the files.

    Raises:
        ConfigError: Names the option and the file.
    """
    sources = {_file_id(clip.path) for clip in clips} - {None}
    output = config.output
    places = [] if output.log is None else [("--log", Path(output.log))]
    if output.jsonl is not None:
        places += [("--jsonl", lines_place(output.jsonl, clip)) for clip in clips]
    for option, place in places:
        if _file_id(place) in sources:
            raise ConfigError(f"{option} would write to {place}, which --file names: rename it.")


def _file_id(path: Path) -> tuple[int, int] | None:
    """The same for every name of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def lines_place(folder: str, clip: Clip) -> Path:
    """Where the verdicts of a file go in the folder of `--jsonl`."""
    return Path(folder) / f"{clip.shown}.jsonl"
