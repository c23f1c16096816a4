"""Loads a configuration: defaults < YAML < `--set` < options. Errors are one sentence.

`cdat-train` reads its files with the same functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from edge.config.overwriting import check_outputs
from edge.config.schema import Config
from edge.config.sentences import sentence
from edge.config.yaml_keys import apply_settings, put_key, read_yaml
from edge.engines import check_engine_name
from edge.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def load_config(path: Path | None, settings: list[str], options: dict[str, Any]) -> Config:
    """Build the runtime's configuration.

    Args:
        path: The YAML file, or None.
        settings: `key=value` with dotted keys, as after `--set`. Values are YAML.
        options: Command-line options by dotted key. None means not given.

    Raises:
        ConfigError: Names the key and its valid values, or an output that is also read.
    """
    tree = read_yaml(path, f"--config {path}") if path is not None else {}
    apply_settings(tree, settings, "window.step_s=0.5")
    for key, value in options.items():
        if value is not None:
            put_key(tree, key, value)
    where = f" (in {path} or on the command line)" if path is not None else ""
    config = validated(Config, tree, where)
    check_engine_name(config.engine.name)
    check_outputs(config, {"--config": path})
    return config


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
