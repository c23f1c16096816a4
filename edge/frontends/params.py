"""The parameters of all front ends.

The bundle contains them and a digest. A runtime with other parameters rejects it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from edge.frontends.face_crop import QUALITY as VISION_QUALITY
from edge.frontends.face_crop import FaceParams
from edge.frontends.sound_level import QUALITY as AUDIO_QUALITY
from edge.frontends.speech import SpeechParams
from edge.frontends.text import QUALITY as TEXT_QUALITY
from edge.frontends.text import TextParams

QUALITY: dict[str, tuple[str, ...]] = {
    "text": TEXT_QUALITY,
    "audio": AUDIO_QUALITY,
    "vision": VISION_QUALITY,
}
"""The measured signals of each stream, in the order of its quality vector."""


@dataclass(frozen=True)
class FrontEndParams:
    """The parameters of all front ends."""

    face: FaceParams = field(default_factory=FaceParams)
    speech: SpeechParams = field(default_factory=SpeechParams)
    text: TextParams = field(default_factory=TextParams)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """The parameters as plain JSON, by stream."""
        plain = {
            "vision": dataclasses.asdict(self.face),
            "audio": dataclasses.asdict(self.speech),
            "text": dataclasses.asdict(self.text),
        }
        result: dict[str, dict[str, Any]] = json.loads(json.dumps(plain))
        return result

    def digest(self) -> str:
        """SHA-256, in hex, of the parameters as canonical JSON."""
        canonical = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def difference(self, other: object) -> str | None:
        """The first difference from a bundle's parameters (`other`) in words, or None."""
        if not isinstance(other, dict):
            return "the bundle has no front-end parameters"
        ours = self.as_dict()
        for stream in sorted(ours.keys() | other.keys()):
            if stream not in ours:
                return f"{stream} is in the bundle but unknown here"
            theirs = other.get(stream)
            if not isinstance(theirs, dict):
                return f"{stream} is missing in the bundle"
            for name in sorted(ours[stream].keys() | theirs.keys()):
                if name not in theirs:
                    return f"{stream}.{name} is missing in the bundle, {ours[stream][name]} here"
                if name not in ours[stream]:
                    return f"{stream}.{name} is {theirs[name]} in the bundle but unknown here"
                if theirs[name] != ours[stream][name]:
                    return (
                        f"{stream}.{name} is {theirs[name]} in the bundle, "
                        f"{ours[stream][name]} here"
                    )
        return None
