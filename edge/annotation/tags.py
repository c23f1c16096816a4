"""Draws on a picture the box of each of several people, with number and answer in their colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotation.look import person_rgb
from edge.types import Box

BLACK = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Tag:
    """One person in a picture.

    Attributes:
        box: x, y, width and height in pixels of the picture.
        text: The answer, such as "happy 0.82".
    """

    box: Box
    person: int
    text: str


def draw_tags(bgr: NDArray[np.uint8], tags: Sequence[Tag]) -> None:
    """Draw on `bgr` (height, width, 3). What is written lies on top of all boxes: above its own, or
    inside it where the picture ends."""
    for tag in tags:
        x, y, width, height = tag.box
        for colour, thickness in ((BLACK, 4), (person_bgr(tag.person), 2)):
            cv2.rectangle(bgr, (x, y), (x + width, y + height), colour, thickness)
    font, size = cv2.FontFace("sans"), max(11, min(26, bgr.shape[1] // 40))
    for tag in tags:
        _write(bgr, tag, font, size)


def person_bgr(person: int) -> tuple[int, int, int]:
    """Blue, green and red of a person's colour."""
    rgb = person_rgb(person)
    return int(rgb[5:7], 16), int(rgb[3:5], 16), int(rgb[1:3], 16)


def _write(bgr: NDArray[np.uint8], tag: Tag, font: cv2.FontFace, size: int) -> None:
    text = f"{tag.person}  {tag.text}"
    _, _, wide, _ = cv2.getTextSize((9999, 999), text, (0, 0), font, size, 600)
    tall, pad = round(1.5 * size), size // 3
    x = max(0, min(tag.box[0], bgr.shape[1] - wide - 2 * pad))
    y = max(0, tag.box[1] - tall)
    corner = x + wide + 2 * pad, y + tall
    cv2.rectangle(bgr, (x, y), corner, person_bgr(tag.person), cv2.FILLED)
    cv2.rectangle(bgr, (x, y), corner, BLACK, 1)
    cv2.putText(bgr, text, (x + pad, y + round(1.1 * size)), BLACK, font, size, 600)
