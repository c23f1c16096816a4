"""What several sessions of one process must not share: devices, outputs, names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from edge.config.schema import Config
from edge.config.sentences import short_value
from edge.config.sessions import Plan
from edge.errors import ConfigError

OFF = (None, "none", "off")
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}
"""Of URLs that name none."""


def check_common(config: Config) -> None:
    """Check that the common configuration asks for nothing that belongs to one session.

    Raises:
        ConfigError: Names the option.
    """
    source, output = config.source, config.output
    asked = {
        "--file (source.file)": source.file is not None,
        "--camera (source.camera)": source.camera not in OFF,
        "--mic (source.mic)": source.mic not in OFF,
        "--record (record.folder)": config.record.folder is not None,
        "--log (output.log)": output.log is not None,
        "--http (http.address)": config.http.address is not None,
        "--mqtt (mqtt.url)": config.mqtt.url is not None,
        "--osc (osc.address)": config.osc.address is not None,
        "--lsl (lsl.name)": config.lsl.name is not None,
    }
    for option, given in asked.items():
        if given:
            raise ConfigError(
                f"{option} belongs to one session, and --sources names them: give it there."
            )
    for option, given in {
        "--dashboard (dashboard.show)": config.dashboard.show,
        "--save (output.save)": output.save is not None,
        "--summary (output.summary)": output.summary is not None,
    }.items():
        if given:
            raise ConfigError(f"{option} is not for several sessions: leave it out.")


def check_apart(plan: Plan) -> None:
    """Check that no name, device or output occurs twice, and that no output is another's input.

    Raises:
        ConfigError: Names both sessions and what they share.
    """
    taken: dict[tuple[str, str], tuple[str, str]] = {}
    common = plan.common.output.jsonl
    if common is not None and common != "-":
        taken["path", _path(common)] = "the common output", f"--jsonl {common}"
    for session in plan.sessions:
        if session.config.output.jsonl == "-":
            raise ConfigError(
                f"session {session.name}: jsonl: - is the common output: give `--jsonl -`, which"
                " writes the session's name into each line, or a file."
            )
        for kind, what, shown in _claims(session.name, session.config):
            here = f"session {session.name}"
            there, other = taken.setdefault((kind, what), (here, shown))
            if (there, other) != (here, shown) or (kind == "name" and _twice(plan, session.name)):
                raise ConfigError(_told(kind, shown, here, there))
    for session in plan.sessions:
        file = session.config.source.file
        if file is not None and ("path", _path(file)) in taken:
            there, other = taken["path", _path(file)]
            raise ConfigError(
                f"session {session.name} reads {file}, which {there} would write to ({other}): give"
                " another file."
            )


def _told(kind: str, shown: str, here: str, there: str) -> str:
    if kind == "name":
        return f"{here} is named twice: give each session a name of its own."
    if here == there:
        return f"{here} would use {shown} twice: give another one."
    return f"{here} and {there} would both use {shown}: give each its own."


def _twice(plan: Plan, name: str) -> bool:
    return sum(one.name.casefold() == name.casefold() for one in plan.sessions) > 1


def _claims(name: str, config: Config) -> Iterator[tuple[str, str, str]]:
    """What only this session may have: its kind, what it is, and how to show it."""
    source, output = config.source, config.output
    yield "name", name.casefold(), name
    if source.camera not in OFF:
        yield "camera", _camera(source.camera), f"camera {short_value(source.camera)}"
    if source.mic not in OFF:
        yield "mic", str(source.mic).casefold(), f"mic {short_value(source.mic)}"
    for key, path in (
        ("jsonl", output.jsonl),
        ("log", output.log),
        ("record", config.record.folder),
    ):
        if path is not None:
            yield "path", _path(path), f"{key} {path}"
    for key, place in (
        ("http.address", config.http.address),
        ("mqtt.url", config.mqtt.url),
        ("osc.address", config.osc.address),
        ("lsl.name", config.lsl.name),
    ):
        if place is not None:
            yield key, place, f"{key} {short_value(place)}"


def _camera(given: int | str | None) -> str:
    """The same for every way to name a device: an index, its path, a link to it; a URL."""
    text = str(given)
    if "://" in text:
        parts = urlsplit(text)
        scheme, netloc = parts.scheme.lower(), parts.netloc.lower()
        netloc = netloc.removesuffix(f":{PORTS.get(scheme)}")
        return parts._replace(scheme=scheme, netloc=netloc).geturl()
    if text.isascii() and text.isdecimal():
        return f"/dev/video{int(text)}"
    return _path(text) if re.match(r"[./~]", text) else text


def _path(given: str) -> str:
    return os.path.realpath(Path(given))
