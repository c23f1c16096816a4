"""Loads a configuration: defaults < YAML < `--set` < options. Errors are one sentence.

`cdat-train` reads its files with the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from edge.config.schema import Config
from edge.engines import check_engine_name
from edge.errors import ConfigError, pydantic_message

MAX_CONFIG_BYTES = 2**20
EMPTY = "must not be empty"

Model = TypeVar("Model", bound=BaseModel)


def load_config(path: Path | None, settings: list[str], options: dict[str, Any]) -> Config:
    """Build the runtime's configuration.

    Args:
        path: The YAML file, or None.
        settings: `key=value` with dotted keys, as after `--set`. Values are YAML.
        options: Command-line options by dotted key. None means not given.

    Raises:
        ConfigError: Names the key and its valid values.
    """
    tree = read_yaml(path, f"--config {path}") if path is not None else {}
    apply_settings(tree, settings, "window.step_s=0.5")
    for key, value in options.items():
        if value is not None:
            _put(tree, key, value)
    where = f" (in {path} or on the command line)" if path is not None else ""
    config = validated(Config, tree, where)
    check_engine_name(config.engine.name)
    return config


def read_yaml(path: Path, name: str) -> dict[str, Any]:
    """The keys and values of a file; {} if it is empty.

    Args:
        name: The name of the file in messages.

    Raises:
        ConfigError: The file cannot be read, is larger than 1 MiB, is not YAML, has an alias, or
            contains something other than keys and values.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{name} is larger than 1 MiB: it is not a configuration.")
    try:
        tree = _load_yaml(raw)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{name} is not valid YAML{where}: {problem}.") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{name} must contain keys and values, such as `window:`.")
    return tree


def apply_settings(tree: dict[str, Any], settings: Iterable[str], example: str) -> None:
    """Put `key=value` settings with dotted keys and YAML values into `tree`.

    Args:
        example: A setting for the error message.

    Raises:
        ConfigError: A setting has no key, no value, or a value that is not YAML.
    """
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set needs key=value, such as {example}; got {_short(setting)}.")
        if not all(part.strip() for part in key.split(".")):
            shown = example.partition("=")[0]
            raise ConfigError(f"--set {key}: a key is names joined by dots, such as {shown}.")
        try:
            value = _load_yaml(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise ConfigError(f"--set {key}: {_short(text)} is not a YAML value.") from None
        _put(tree, key.strip(), value)


def validated(model: type[Model], tree: Any, where: str) -> Model:
    """Validate plain data as a configuration.

    Args:
        where: The end of an error message, such as " (in c.yaml)"; "" for nothing.

    Raises:
        ConfigError: Names the first key that is wrong, and its valid values.
    """
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(sentence(error, model, where)) from None


class _Yaml(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """PyYAML's loader with two changes: 1e5 is a number, as in YAML 1.2, and anchors and aliases
    are errors, because with them a small file can expand to billions of values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(
                None, None, "anchors (&) and aliases (*) are not allowed", event.start_mark
            )
        return super().compose_node(parent, index)


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


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        if tree.get(parent) is None:
            tree[parent] = {}
        inner = tree[parent]
        if not isinstance(inner, dict):
            raise ConfigError(f"{parent} must contain keys such as {key}, but is {_short(inner)}.")
        tree = inner
    tree[leaf] = value


def sentence(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """The first error, with its key, as one sentence. `where` ends it."""
    errors = error.errors()
    first = errors[0]
    key = _key(model, first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(_known(model, first["loc"][:-1]))
        return f"Unknown key {key}{where}; known keys: {known}."
    if first["type"] == "missing":
        return f"The key {key} is missing{where}."
    # A value that may have two types gives an error for each.
    same = [each for each in errors if _key(model, each["loc"]) == key]
    empty = [each for each in same if _wish(each["type"], each["msg"]) == EMPTY]
    wishes = list(dict.fromkeys(_wish(each["type"], each["msg"]) for each in empty or same))
    return f"{key}: {' or '.join(wishes)}, got {_short(first['input'])}{where}."


def _wish(kind: str, message: str) -> str:
    if kind in ("model_type", "model_attributes_type"):
        return "must contain keys and values"
    if kind == "string_too_short" and "at least 1 character" in message:
        return EMPTY
    message = pydantic_message(message).replace("String should", "must")
    return message.replace("Input should be", "must be")


def _short(value: Any) -> str:
    """For a message: without what may be the password of a URL."""
    shown = re.sub("://.*@", "://***@", repr(value), flags=re.DOTALL)
    return shown if len(shown) <= 200 else f"{shown[:200]}..."


def _section(annotation: Any) -> Any:
    """The model of a section that may be left out; anything else as it is."""
    if get_origin(annotation) in (Union, UnionType):
        models = [one for one in get_args(annotation) if hasattr(one, "model_fields")]
        return models[0] if len(models) == 1 else annotation
    return annotation


def _key(model: Any, place: tuple[int | str, ...]) -> str:
    """The key as a user writes it, without the name of the type that was tried last."""
    parts: list[str] = []
    for part in place:
        if get_origin(model) is dict:
            model = _section(get_args(model)[1])
        elif (fields := getattr(model, "model_fields", None)) is not None:
            model = _section(fields[part].annotation) if part in fields else None
        else:
            break
        parts.append(str(part))
    return ".".join(parts)


def _known(model: Any, parents: tuple[int | str, ...]) -> list[str]:
    for parent in parents:
        inner = get_args(model)[1] if get_origin(model) is dict else None
        model = _section(inner or model.model_fields[str(parent)].annotation)
    return [field.alias or name for name, field in model.model_fields.items()]
