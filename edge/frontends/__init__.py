"""Front ends: turn packets into inputs of the encoders. Training and runtime use the same ones.

`FrontEndParams` and `QUALITY` are loaded when they are first used: the process of speech-to-text
needs voice activity alone, and neither OpenCV (26 MiB) nor the other front ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.frontends.params import QUALITY, FrontEndParams

__all__ = ["QUALITY", "FrontEndParams"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'edge.frontends' has no attribute {name!r}")
    from edge.frontends import params

    return getattr(params, name)
