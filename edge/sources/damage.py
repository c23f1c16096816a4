"""What is wrong with a stream of a media file, counted while it is decoded, and told afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Damage:
    """What a decoder could not use, and how far it came.

    Attributes:
        pieces: Packets that could not be decoded.
        oversized: Pictures with more pixels or bytes than are decoded.
        torn: The container's reader failed before the end.
        late: A stream turned up that was not there when the file was opened.
        end_ns: End of the last picture or sound.
        stamps: Packets whose time stamp was impossible.
        latest_stamp_ns: The latest of those stamps.
        counted_anew: The stamps went back for good: the stated length says nothing.
        unusable: Why nothing of the stream can be used, if that is known.
        stated: How many pictures, or packets of sound, the container lists; 0 if it does not.
        decoded: How many of them were decoded.
    """

    pieces: int = 0
    oversized: int = 0
    torn: bool = False
    late: bool = False
    end_ns: int = 0
    stamps: int = 0
    latest_stamp_ns: int = 0
    counted_anew: bool = False
    unusable: str | None = None
    stated: int = 0
    decoded: int = 0

    @property
    def reason(self) -> str | None:
        """Why the stream gave nothing, for people."""
        if self.unusable is None and self.oversized:
            return "its pictures have more pixels or bytes than are decoded: make them smaller"
        return self.unusable


def stamp_note(name: str, found: Iterable[Damage]) -> str | None:
    """The sentence on impossible time stamps, if there were any."""
    stamps = sum(damage.stamps for damage in found)
    if not stamps:
        return None
    return (
        f"{name}: a time stamp is damaged: {stamps} "
        f"{'packet was' if stamps == 1 else 'packets were'} placed after the one before."
    )


def left_out_note(name: str, stream: str, damage: Damage) -> str | None:
    """The sentence on much of a stream that is not in the time of the file, if it is not.

    To be asked only if the stream ended before the file: a clip that was trimmed without being
    encoded again lists, rightly, pictures that are not shown.
    """
    if 4 * damage.decoded >= 3 * damage.stated:
        return None
    what = {"audio": "packets of sound", "vision": "pictures"}[stream]
    return (
        f"{name} is damaged: it lists {damage.stated} {what}, and its time stamps put all but"
        f" {damage.decoded} of them outside the clip."
    )


def late_note(name: str, found: Iterable[Damage]) -> str | None:
    """The sentence on a stream that turned up late, if one did."""
    if not any(damage.late for damage in found):
        return None
    return f"{name} is damaged: a stream that begins late in it was not used."
