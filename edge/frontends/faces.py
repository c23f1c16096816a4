"""The vision front end for several people: one pass of the detector, then each face by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.frontends.face import FrozenPicture
from edge.frontends.face_crop import QUALITY, FaceParams, describe, describe_without_face
from edge.frontends.face_detect import FaceFinder
from edge.frontends.face_tracks import FaceTracks, look_of
from edge.frontends.mouth import MouthMotion
from edge.types import NS_PER_MS, Float, Frame, Observation

CROPS = 2
"""Crops of one frame that are encoded: with more faces they take turns, those that have waited
longest first. The encoder takes most of a face's time, and a window has frames enough."""
WAIT_LIMIT_NS = 200 * NS_PER_MS
"""No face waits longer for its turn, at any frame rate."""

_FROZEN_S = QUALITY.index("frozen_s")


class FacesFrontEnd:
    """Follows several faces through a stream of frames. One thread.

    On one slow core 1.2 ms a 640x480 frame, and 0.35 ms more for each face.
    """

    def __init__(self, params: FaceParams, limit: int) -> None:
        """`limit`: the most people at once."""
        self._params = params
        self._finder = FaceFinder(params.min_score, params.detect_px)
        self._tracks = FaceTracks(limit)
        self._frozen = FrozenPicture(params.frozen_grid_px, params.frozen_difference)
        self._mouths: dict[int, MouthMotion] = {}
        self._encoded_ns: dict[int, int] = {}
        self._width: int | None = None

    def process(self, frame: Frame) -> list[Observation]:
        """Encode the faces of the people.

        Returns:
            One observation a person, by number; without people a single one. As those of
            `FaceFrontEnd`, with `person` in `detail`, the number or None. A face whose turn it is
            not has no tensor, and is marked as `waiting`.
        """
        if self._width not in (None, width := frame.bgr.shape[1]):
            self._tracks.rescale(width / self._width)
            self._mouths.clear()
        self._width = width
        faces = self._finder.find(frame.bgr)
        described = [describe(frame.bgr, face.keypoints, self._params) for face in faces]
        looks = [look_of(crop) for crop, _ in described]
        people = self._tracks.follow(faces, looks, frame.t_ns)
        frozen_s = self._frozen.seconds(frame.bgr, frame.t_ns)
        without: Float | None = None
        for gone in self._mouths.keys() - {number for number, place in people if place is not None}:
            del self._mouths[gone]
        found = []
        listed: list[tuple[int | None, int | None]] = [*people] or [(None, None)]
        for number, place in listed:
            detail: dict[str, object] = {"faces": len(faces), "person": number}
            if number is None or place is None:
                if without is None:
                    without = describe_without_face(frame.bgr)
                tensor, quality = None, without.copy()
                detail |= {"box": None, "score": 0.0, "mouth": None}
            else:
                face, (tensor, quality) = faces[place], described[place]
                mouth = self._mouths.setdefault(number, MouthMotion())
                moved = mouth.measure(frame.bgr, face.keypoints, frame.t_ns)
                detail |= {"box": face.box, "score": face.score, "mouth": moved}
            quality[_FROZEN_S] = frozen_s
            found.append(Observation(frame.t_ns, tensor, quality, detail))
        return self._in_turn(found, frame.t_ns)

    def close(self) -> None:
        """Free the detector. `process` must not be called afterwards."""
        self._finder.close()

    def _in_turn(self, found: Sequence[Observation], t_ns: int) -> list[Observation]:
        """Leave out the crops of those who have been encoded last."""
        waits_ns = {
            place: t_ns - self._encoded_ns.get(_person(one), t_ns - WAIT_LIMIT_NS)
            for place, one in enumerate(found)
            if one.tensor is not None
        }
        order = sorted(waits_ns, key=lambda place: (-waits_ns[place], place))
        encoded = {place for place in order if waits_ns[place] >= WAIT_LIMIT_NS} | {*order[:CROPS]}
        present = {_person(one) for one in found}
        newest = {_person(found[place]): t_ns for place in encoded}
        self._encoded_ns = {
            person: ns for person, ns in self._encoded_ns.items() if person in present
        } | newest
        return [
            one
            if one.tensor is None or place in encoded
            else replace(one, tensor=None, detail={**one.detail, "waiting": True})
            for place, one in enumerate(found)
        ]


def _person(one: Observation) -> int:
    number = one.detail.get("person")
    return number if isinstance(number, int) else 0
