"""YAML as a configuration takes it: PyYAML's safe loader, stricter."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

NOT_YAML = (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError)
"""What `load_yaml` raises."""

_LONGEST_NUMBER = 400
"""Characters: more than the longest number that a double can hold. Python does not print integers
of more than 4,300 digits, and takes minutes to read one of a million in base 60."""
_NO_VALUE = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
"""The keys << and =, for which PyYAML constructs nothing."""


class _Yaml(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """PyYAML's loader with changes: 1e5 is a number, as in YAML 1.2. Anchors and aliases are
    errors, because with them a small file can expand to billions of values; so is a key that is
    given twice, and a value that does not fit its tag, for which PyYAML raises a dozen kinds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(
                None, None, "anchors (&) and aliases (*) are not allowed", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind in ("int", "float") and len(node.value) > _LONGEST_NUMBER:
            raise _wrong(node, f"a number of {len(node.value)} characters is too long")
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError, AttributeError):
            raise _wrong(node, f"{str(node.value)[:80]!r} is not a valid {kind}") from None

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode):
                given = key.value if key.tag in _NO_VALUE else self.construct_object(key)
                if not isinstance(given, Hashable):
                    continue  # PyYAML refuses it below
                if given in seen:
                    raise _wrong(key, f"the key {key.value[:80]!r} is given twice")
                seen.add(given)
        return super().construct_mapping(node, deep)


def _wrong(node: Any, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def load_yaml(text: str | bytes) -> Any:
    """The value of a YAML document.

    Raises: one of `NOT_YAML`.
    """
    loader = _Yaml(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
