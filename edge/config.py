"""The runtime's configuration: defaults < YAML < command line, checked before anything opens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from edge.bundle.document import Strict
from edge.engines import EngineOptions, Precision, check_engine_name
from edge.errors import ConfigError

MAX_CONFIG_BYTES = 2**20
EMPTY = "must not be empty"

Text = Annotated[str, Field(min_length=1)]


class Section(Strict):
    """Values are of the type that is asked for: YAML's `off` is no number of a camera."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, given: Any) -> Any:
        """A section with all its keys commented out is None in YAML."""
        return {} if given is None else given


class WindowConfig(Section):
    """Sliding windows; a value left out is the bundle's own."""

    duration_s: Annotated[float, Field(ge=0.2, le=60)] | None = None
    """Sound and picture that one verdict looks back on."""
    step_s: Annotated[float, Field(ge=0.02, le=10)] | None = None
    """Time between verdicts."""
    text_s: Annotated[float, Field(ge=0.2, le=120)] | None = None
    """Words that one verdict looks back on."""


class CameraConfig(Section):
    """How a camera is asked to work; it may answer with what it can."""

    width: Annotated[int, Field(ge=16, le=7680)] = 640
    height: Annotated[int, Field(ge=16, le=4320)] = 480
    fps: Annotated[float, Field(gt=0, le=240)] = 30


class SourceConfig(Section):
    """Where sound and picture come from."""

    file: Text | None = None
    """A media file; gives both streams unless a device is named beside it."""
    camera: int | Text | None = None
    """Index, device path or URL; "none" for no picture. None: camera 0, unless a file is given."""
    mic: int | Text | None = None
    """Index or (part of a) name; "default"; "none" for no sound. None: default, unless a file."""
    pace: Literal["fast", "live"] = "fast"
    """A file alone runs as fast as it goes, or at the pace at which it was recorded."""
    open_timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long a device or URL may take to answer."""

    @field_validator("camera", "mic", mode="before")
    @classmethod
    def _switched_off(cls, given: Any) -> Any:
        """YAML reads `off` and `no` as False, and who writes them wants no camera."""
        return "none" if given is False else given


class AsrConfig(Section):
    """Speech to text."""

    engine: Literal["auto", "vosk", "pocketsphinx", "none"] = "auto"
    """auto: Vosk where a model of it is found, else pocketsphinx."""
    model: Text | None = None
    """Vosk: a model's folder, or its name for Vosk's own download."""


class EngineConfig(Section):
    """What runs the networks."""

    name: Text = "onnxruntime"
    """One of `edge.engines.engine_names()`."""
    precision: Precision = "fp32"
    """Of the arithmetic; an engine refuses what it cannot do."""
    device: Text = "auto"
    """"auto", "cpu" or "cuda"; an engine may know more."""
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads a network; the networks are small, and the streams already have a thread each."""

    @property
    def options(self) -> EngineOptions:
        """As the engine takes them."""
        return EngineOptions(self.precision, self.threads, self.device)


class OutputConfig(Section):
    """Where verdicts go."""

    table: bool = True
    """The live table, where standard output is a terminal."""
    jsonl: Text | None = None
    """A file for one JSON line a step; "-" for standard output."""


class DashboardConfig(Section):
    """A page that shows the run while it runs."""

    show: bool = False
    """Serve it."""
    address: Text = "127.0.0.1:8766"
    """HOST:PORT. Off loopback a token is asked for; left out, any port if this one is taken."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """What a page must know off loopback; None: made anew for each run and printed."""
    picture: bool = True
    """Show the picture, on this machine only."""
    browser: bool = True
    """Open it in a browser, where there is a terminal and a display."""


class RecordConfig(Section):
    """Recording for a replay; nothing is kept unless a folder is named."""

    folder: Text | None = None
    """A new folder for the recording."""
    raw: bool = False
    """Keep sound and picture themselves, not only what the networks take."""
    max_mb: Annotated[float, Field(gt=0, le=1e7)] = 10_000
    """The recording ends, and the run goes on, when it has become this large."""


class Config(Section):
    """Everything that `cdat-edge run` can be told."""

    bundle: Text | None = None
    """The bundle's folder; None: the one that comes with the package."""
    seconds: Annotated[float, Field(gt=0, le=1e7)] | None = None
    """Stop after this much time; None: at the end of the file, or when told to."""
    window: WindowConfig = WindowConfig()
    source: SourceConfig = SourceConfig()
    camera: CameraConfig = CameraConfig()
    asr: AsrConfig = AsrConfig()
    engine: EngineConfig = EngineConfig()
    output: OutputConfig = OutputConfig()
    record: RecordConfig = RecordConfig()
    dashboard: DashboardConfig = DashboardConfig()


def load_config(path: Path | None, settings: list[str], options: dict[str, Any]) -> Config:
    """Build a configuration.

    Args:
        path: YAML file, or None.
        settings: `key=value` with dotted keys, as after `--set`; values are YAML.
        options: command-line options by dotted key; None means not given.

    Raises:
        ConfigError: names the key and what it takes.
    """
    tree = _read_yaml(path) if path is not None else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set takes key=value, such as window.step_s=0.5; got {setting!r}.")
        if not all(part.strip() for part in key.split(".")):
            raise ConfigError(
                f"--set {key}: a key is names with one dot between, such as window.step_s."
            )
        _put(tree, key.strip(), _yaml_value(key, text))
    for key, value in options.items():
        if value is not None:
            _put(tree, key, value)
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_sentence(error, path)) from None
    check_engine_name(config.engine.name)
    return config


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"--config {path} cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError(f"--config {path} is larger than 1 MiB: it is no configuration.")
    try:
        tree = _load_yaml(raw)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"--config {path} is not valid YAML{where}: {problem}.") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"--config {path} must hold keys and values, such as `window:`.")
    return tree


class _Yaml(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML comes without types
    """PyYAML's, but 1e5 is a number, as YAML 1.2 has it, and no text."""


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _load_yaml(text: str | bytes) -> Any:
    loader = _Yaml(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _yaml_value(key: str, text: str) -> Any:
    try:
        return _load_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"--set {key}: {text!r} is not a YAML value.") from None


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        if tree.get(parent) is None:
            tree[parent] = {}
        inner = tree[parent]
        if not isinstance(inner, dict):
            raise ConfigError(f"{parent} holds sections such as {key}; it is set to {inner!r}.")
        tree = inner
    tree[leaf] = value


def _sentence(error: ValidationError, path: Path | None) -> str:
    errors = error.errors()
    first = errors[0]
    key = _key(first["loc"])
    where = f" (in {path} or on the command line)" if path is not None else ""
    if first["type"] == "extra_forbidden":
        known = ", ".join(_known(first["loc"][:-1]))
        return f"Unknown key {key}{where}; known there: {known}."
    # A value that may be of two types complains once for each.
    same = [each for each in errors if _key(each["loc"]) == key]
    empty = [each for each in same if _wish(each["type"], each["msg"]) == EMPTY]
    told = list(dict.fromkeys(_wish(each["type"], each["msg"]) for each in empty or same))
    return f"{key}: {' or '.join(told)}, got {first['input']!r}{where}."


def _wish(kind: str, message: str) -> str:
    if kind == "model_type":
        return "must hold keys and values"
    if kind == "string_too_short" and "at least 1 character" in message:
        return EMPTY
    message = message.replace("String should", "must")
    return message.replace("Input should be", "must be")


def _key(place: tuple[int | str, ...]) -> str:
    """The key as a user writes it: without the name of the type that was tried last."""
    parts: list[str] = []
    model: Any = Config
    for part in place:
        fields = getattr(model, "model_fields", None)
        if fields is None:
            break
        parts.append(str(part))
        model = fields[part].annotation if part in fields else None
    return ".".join(parts)


def _known(parents: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for parent in parents:
        model = model.model_fields[str(parent)].annotation
    return list(model.model_fields)
