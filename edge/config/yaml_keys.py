"""Keys and values from a YAML file and from `--set`, not yet checked against a schema."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edge.config.packaged import config_file
from edge.config.sentences import short_value
from edge.errors import ConfigError

MAX_CONFIG_BYTES = 2**20


def read_yaml(path: Path, name: str) -> dict[str, Any]:
    """The keys and values of a file; {} if it is empty.

    A file of `configs/` that is not on disk is read from the package.

    Args:
        name: The name of the file in messages.

    Raises:
        ConfigError: The file cannot be read, is larger than 1 MiB, is not YAML, has an alias, or
            contains something other than keys and values.
    """
    try:
        with config_file(path).open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{name} is larger than 1 MiB: it is not a configuration.")
    from edge.config.yaml_values import NOT_YAML, load_yaml  # without a file nobody waits for it

    try:
        tree = load_yaml(raw)
    except NOT_YAML as error:
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
            raise ConfigError(
                f"--set needs key=value, such as {example}; got {short_value(setting)}."
            )
        if not all(part.strip() for part in key.split(".")):
            shown = example.partition("=")[0]
            raise ConfigError(f"--set {key}: a key is names joined by dots, such as {shown}.")
        from edge.config.yaml_values import NOT_YAML, load_yaml

        try:
            value = load_yaml(text)
        except NOT_YAML:
            raise ConfigError(f"--set {key}: {short_value(text)} is not a YAML value.") from None
        put_key(tree, key.strip(), value)


def put_key(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key.

    Raises:
        ConfigError: A part of it has a value where keys should be.
    """
    *parents, leaf = key.split(".")
    for parent in parents:
        if tree.get(parent) is None:
            tree[parent] = {}
        inner = tree[parent]
        if not isinstance(inner, dict):
            raise ConfigError(
                f"{parent} must contain keys such as {key}, but is {short_value(inner)}."
            )
        tree = inner
    tree[leaf] = value
