"""Several sessions in one process: the file of `--sources`, and the configuration of each session.

docs/sessions.md explains the keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from edge.config.load import load_config, validated
from edge.config.overwriting import check_outputs
from edge.config.schema import Config
from edge.config.section import Section, Text
from edge.config.share import ShareConfig
from edge.config.yaml_keys import read_yaml
from edge.errors import ConfigError

SESSIONS_MAX = 32
"""Each live session with sound has a process for its words, of 60 MiB."""
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
OF_A_SESSION = (
    *("window", "camera", "vision", "gate", "people", "person_correction", "seconds", "asr"),
    *("http", "mqtt", "osc", "lsl"),
    *("record.raw", "record.max_mb", "output.jsonl_max_mb", "source.open_timeout_s"),
)
"""What `set:` may name; the rest has a key of its own, or is the same for all sessions."""


class SessionConfig(Section):
    """One session: what belongs together. A key that is not given is as the common one."""

    name: Annotated[str, Field(pattern=NAME)]
    """Letters, digits and . _ - in verdicts and in the table at the end."""
    camera: int | Text | None = None
    """Index, device path or URL. None: no camera; the file's video if there is a file."""
    mic: int | Text | None = None
    """Index or (part of a) name; "default". None: no microphone; the file's sound."""
    file: Text | None = None
    """A media file."""
    pace: Literal["fast", "live"] | None = None
    """A file without devices runs at full speed ("fast") or in real time ("live")."""
    start_without: bool | None = None
    """Begin though a camera or microphone is missing; it is used once it is there."""
    asr: bool | None = None
    """Speech-to-text on or off. None: as `asr.engine` says."""
    jsonl: Text | None = None
    """A file of its own for one JSON line a step."""
    log: Text | None = None
    """A file of its own for its events."""
    record: Text | None = None
    """A new folder for its recording."""
    overrides: dict[str, Any] = Field({}, alias="set")
    """Other keys of the configuration for this session, such as {window.step_s: 0.5}."""

    @field_validator("camera", "mic", mode="before")
    @classmethod
    def _switched_off(cls, given: Any) -> Any:
        """YAML reads `off` and `no` as False: this means no camera."""
        return "none" if given is False else given


class SourcesConfig(Section):
    """The file of `--sources`."""

    share: ShareConfig = ShareConfig()
    sessions: list[Any]
    """Checked one by one, so that an error can name the session."""


@dataclass(frozen=True)
class Planned:
    """One session, ready to be opened.

    Attributes:
        name: Its name.
        config: The common configuration with the session's own keys in place of the common ones.
    """

    name: str
    config: Config


@dataclass(frozen=True)
class Plan:
    """All sessions of one process.

    Attributes:
        common: The configuration without any session's keys.
    """

    share: ShareConfig
    common: Config
    sessions: tuple[Planned, ...]


def load_plan(
    sources: Path, path: Path | None, settings: list[str], options: Mapping[str, Any]
) -> Plan:
    """Read the file of `--sources`, and make the configuration of each session.

    Args:
        sources: The file.
        path, settings, options: The common configuration, as for `load_config`.

    Raises:
        ConfigError: One sentence that names the session and the key.
    """
    common = load_config(path, settings, dict(options))
    check_outputs(common, {"--sources": sources})
    read = validated(SourcesConfig, read_yaml(sources, f"--sources {sources}"), f" (in {sources})")
    count = len(read.sessions)
    if not count:
        raise ConfigError(f"sessions: {sources} names none: give at least one with a name.")
    if count > SESSIONS_MAX:
        raise ConfigError(
            f"sessions: {sources} names {count}, and one process takes {SESSIONS_MAX}: start"
            " another `cdat-edge run --sources` with the rest."
        )
    planned = []
    for number, tree in enumerate(read.sessions, 1):
        called = _name_of(tree) or number
        one = validated(SessionConfig, tree, f" (in {sources}, session {called})")
        try:
            config = load_config(path, settings, {**options, **_keys_of(one)})
        except ConfigError as error:
            raise ConfigError(f"{sources}, session {one.name}: {error}") from None
        output = config.output.model_copy(update={"jsonl": one.jsonl, "log": one.log})
        changed: dict[str, Any] = {"output": output}
        if one.asr and config.asr.engine == "none":
            changed["asr"] = config.asr.model_copy(update={"engine": "auto"})
        whole = config.model_copy(update=changed)
        check_outputs(whole, {"--config": path, "--sources": sources})
        planned.append(Planned(one.name, whole))
    return Plan(read.share, common, tuple(planned))


def _name_of(tree: Any) -> str | None:
    """For messages, if it is one."""
    name = tree.get("name") if isinstance(tree, dict) else None
    return name if isinstance(name, str) and re.match(NAME, name) else None


def _keys_of(one: SessionConfig) -> dict[str, Any]:
    """The session's keys as those of a run.

    Raises:
        ConfigError: It has no source, or `set:` names what it must not.
    """
    if one.file is None and all(d in (None, "none", "off") for d in (one.camera, one.mic)):
        raise ConfigError("it has no source: give camera, mic or file.")
    alone = "none" if one.file is None else None
    keys: dict[str, Any] = {
        "source.file": one.file,
        "source.camera": alone if one.camera is None else one.camera,
        "source.mic": alone if one.mic is None else one.mic,
        "source.pace": one.pace,
        "source.start_without": one.start_without,
        "record.folder": one.record,
    }
    for key, value in one.overrides.items():
        if not any(key == known or key.startswith(f"{known}.") for known in OF_A_SESSION):
            raise ConfigError(
                f"set: {key} is not a key of one session; it may name {', '.join(OF_A_SESSION)}."
            )
        keys[key] = value
    if one.asr is False:
        keys["asr.engine"] = "none"
    return keys
