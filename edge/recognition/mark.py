"""A mark: a moment of a run that a person pointed at while it ran, with a few words or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 200
"""Characters of a mark's text."""
# No table and no annotation program has a place for control characters or a line break.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """`t_ns` is on the run's clock, as a verdict's `span_ns`; `text` may be empty."""

    t_ns: int
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, as in a verdict."""
        return {"t_ns": self.t_ns, "text": self.text}


def plain_text(text: str) -> str:
    """One line of at most `TEXT_LIMIT` characters, without control characters."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:TEXT_LIMIT].rstrip()
