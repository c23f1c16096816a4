"""No output of a run is a file that the run reads: it would be overwritten while it is used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from edge.config.packaged import config_file
from edge.config.schema import Config
from edge.errors import ConfigError


def check_outputs(config: Config, read: Mapping[str, Path | None]) -> None:
    """Check the files that a configuration names as outputs.

    Args:
        read: Files beside those of the configuration that are read, by the option that names them.

    Raises:
        ConfigError: Names the output and what it would overwrite.
    """
    output = config.output
    written = {"--jsonl": output.jsonl, "--log": output.log, "--summary": output.summary}
    if any(written.values()):
        keep_apart(written, {**_inputs(config), **read})


def keep_apart(written: Mapping[str, str | None], read: Mapping[str, Path | None]) -> None:
    """Check that nothing that is written is a file that is read, even under another name.

    Args:
        written, read: Files by the options that name them; a folder that is read is all its files.

    Raises:
        ConfigError: Names both.
    """
    for option, out in written.items():
        if out is None or out == "-" or not os.path.isfile(out):
            continue
        for other, place in read.items():
            if place is not None and any(_same(out, file) for file in _files(place)):
                raise ConfigError(
                    f"{option} {out} is a file that is read ({other}): give another output file."
                )


def _inputs(config: Config) -> dict[str, Path | None]:
    packaged = Path(__file__).resolve().parents[1] / "assets" / "bundle"
    given = {
        "the bundle": config.bundle or packaged,
        "--require-signed": config.require_signed,
        "--asr-model": config.asr.model,
        "--person-correction": config.person_correction,
        "--tls-certificate": config.tls.certificate,
        "--tls-key": config.tls.key,
    }
    return {option: None if place is None else Path(place) for option, place in given.items()}


def _files(place: Path) -> Iterator[Path]:
    place = config_file(place)
    if not os.path.isdir(place):
        yield place
        return
    for folder, _, names in os.walk(place):
        for name in names:
            yield Path(folder, name)


def _same(out: str, file: Path) -> bool:
    try:
        return os.path.samefile(out, file)
    except OSError:
        return False
