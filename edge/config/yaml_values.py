"""YAML as a configuration takes it: PyYAML's safe loader with two changes."""

from __future__ import annotations

import re
from typing import Any

import yaml

NOT_YAML = (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError)
"""What `load_yaml` raises."""


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


def load_yaml(text: str | bytes) -> Any:
    """The value of a YAML document.

    Raises: one of `NOT_YAML`.
    """
    loader = _Yaml(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
