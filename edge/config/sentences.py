"""What is wrong with a configuration, in one sentence that names the key as a user writes it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from edge.errors import pydantic_message

EMPTY = "must not be empty"


def sentence(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """The first error, with its key, as one sentence. `where` ends it."""
    errors = error.errors()
    first = errors[0]
    if first["type"] == "missing":  # perhaps because its name is misspelt
        first = next((each for each in errors if each["type"] == "extra_forbidden"), first)
    key = _key(model, first["loc"])
    if first["type"] == "extra_forbidden":
        known = _known(model, first["loc"][:-1])
        near = get_close_matches(str(first["loc"][-1]), known, 1)
        perhaps = f", perhaps {near[0]}" if near else ""
        return f"Unknown key {key}{where}{perhaps}; known keys: {', '.join(known)}."
    if first["type"] == "missing":
        return f"The key {key} is missing{where}."
    # A value that may have two types gives an error for each.
    same = [each for each in errors if _key(model, each["loc"]) == key]
    empty = [each for each in same if _wish(each["type"], each["msg"]) == EMPTY]
    wishes = list(dict.fromkeys(_wish(each["type"], each["msg"]) for each in empty or same))
    return f"{key}: {' or '.join(wishes)}, got {short_value(first['input'])}{where}."


def _wish(kind: str, message: str) -> str:
    if kind in ("model_type", "model_attributes_type"):
        return "must contain keys and values"
    if kind == "string_too_short" and "at least 1 character" in message:
        return EMPTY
    message = pydantic_message(message).replace("String should", "must")
    return message.replace("Input should be", "must be")


def short_value(value: Any) -> str:
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
