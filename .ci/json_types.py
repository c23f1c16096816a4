"""What a JSON Schema takes, in words: for the tables of `reference`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ENDS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}


def type_of(schema: Mapping[str, Any]) -> str:
    """What a JSON Schema takes, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})" if name.islower() else "section"
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        *first, last = ["null" if one is None else _literal(one) for one in values]
        return f"{', '.join(first)} or {last}" if first else last
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    types = schema.get("type", "any")
    names = [types] if isinstance(types, str) else types
    return " or ".join(_typed(name, schema) for name in names)


def _literal(value: Any) -> str:
    return f"`{json.dumps(value) if isinstance(value, bool) else value}`"


def _typed(name: str, schema: Mapping[str, Any]) -> str:
    if name == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        many = f"{least}: " if least == most else ""
        limit = f", {most} at most" if most and not many else ""
        return f"list of {many}{type_of(schema.get('items', {}))}{limit}"
    if name == "object":
        inner = schema.get("additionalProperties")
        return f"object of {type_of(inner)}" if isinstance(inner, dict) else "object"
    if name == "string":
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        limits = [f"{least} characters or more"] * (least > 1) + [f"{most} at most"] * bool(most)
        return ", ".join(["text", *limits])
    if name not in ("number", "integer"):
        return name
    word = "whole number" if name == "integer" else name
    ends = [f"{words} {schema[key]:,.12g}" for key, words in ENDS.items() if key in schema]
    return " ".join([word, *ends])
