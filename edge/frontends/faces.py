"""The vision front end for several people: one pass of the detector, then each face by itself."""

from __future__ import annotations

from collections.abc import Sequence

from edge.frontends.face import FrozenPicture
from edge.frontends.face_crop import QUALITY, FaceParams, describe, describe_without_face
from edge.frontends.face_detect import Face, FaceFinder
from edge.frontends.face_tracks import FaceTracks, look_of
from edge.frontends.mouth import MouthMotion
from edge.types import NS_PER_MS, Float, Frame, Observation

TURNS = 2
"""Faces of one frame that are encoded, and whose mouths are measured. More take turns, those that
have waited longest first: both take 1.0 ms a face of the 1.1 ms, and a window has frames enough."""
WAIT_LIMIT_NS = 200 * NS_PER_MS
"""No face waits longer for its turn, unless the frames themselves are further apart."""

_FROZEN_S = QUALITY.index("frozen_s")


class FacesFrontEnd:
    """Follows several faces through a stream of frames. One thread.

    Without the encoder, on one core: 0.9 ms a 640x480 frame, 0.1 ms for each face, and 0.3 ms for
    each of the `TURNS`.
    """

    def __init__(self, params: FaceParams, limit: int) -> None:
        """`limit`: the most people at once."""
        self._params = params
        self._finder = FaceFinder(params.min_score, params.detect_px)
        self._tracks = FaceTracks(limit)
        self._frozen = FrozenPicture(params.frozen_grid_px, params.frozen_difference)
        self._mouths: dict[int, MouthMotion] = {}
        """Of the people whose face is in the picture."""
        self._turn_ns: dict[int, int] = {}
        """When each of them had the last turn."""
        self._width: int | None = None
        self._newest_ns: int | None = None

    def find(self, frame: Frame) -> list[Face]:
        """All faces in a frame, largest first. It depends on no other frame."""
        return self._finder.find(frame.bgr)

    def process(self, frame: Frame, faces: Sequence[Face] | None = None) -> list[Observation]:
        """Encode the faces of the people.

        Args:
            frame: The next one.
            faces: Of `find`, where it was called before.

        Returns:
            One observation a person, by number; without people a single one. As those of
            `FaceFrontEnd`, with `person` in `detail`, the number or None. A face whose turn it is
            not has no tensor and no `mouth`.
        """
        self._take_width(frame.bgr.shape[1])
        faces = self.find(frame) if faces is None else faces
        described = [describe(frame.bgr, face.keypoints, self._params) for face in faces]
        looks = [look_of(crop) for crop, _ in described]
        people = self._tracks.follow(faces, looks, frame.t_ns)
        turns = self._turns([n for n, place in people if place is not None], frame.t_ns)
        frozen_s = self._frozen.seconds(frame.bgr, frame.t_ns)
        without: Float | None = None
        listed: list[tuple[int | None, int | None]] = [*people] or [(None, None)]
        found = []
        for number, place in listed:
            detail: dict[str, object] = {"faces": len(faces)}
            tensor: Float | None = None
            if number is None or place is None:
                without = describe_without_face(frame.bgr) if without is None else without
                quality = without.copy()
                detail |= {"box": None, "score": 0.0, "mouth": None}
            else:
                face, (crop, quality) = faces[place], described[place]
                moved: float | None = None
                if number in turns:
                    tensor = crop
                    moved = self._mouths[number].measure(frame.bgr, face.keypoints, frame.t_ns)
                else:  # over a longer time a head moves too much for its mouth to be measured
                    self._mouths[number].see(frame.bgr, face.keypoints, frame.t_ns)
                detail |= {"box": face.box, "score": face.score, "mouth": moved}
            quality[_FROZEN_S] = frozen_s
            detail["person"] = number
            found.append(Observation(frame.t_ns, tensor, quality, detail))
        return found

    def close(self) -> None:
        """Free the detector. `process` must not be called afterwards."""
        self._finder.close()

    def _take_width(self, width: int) -> None:
        if self._width is not None and self._width != width:
            self._tracks.rescale(width / self._width)
            for mouth in self._mouths.values():
                mouth.forget()
        self._width = width

    def _turns(self, seen: Sequence[int], t_ns: int) -> set[int]:
        """Whose turn it is, of the people who are seen."""
        self._mouths = {number: self._mouths.get(number) or MouthMotion() for number in seen}
        gap_ns = 0 if self._newest_ns is None else t_ns - self._newest_ns
        self._newest_ns = t_ns
        never_ns = t_ns - WAIT_LIMIT_NS
        waited_ns = {number: t_ns - self._turn_ns.get(number, never_ns) for number in seen}
        order = sorted(seen, key=lambda number: (-waited_ns[number], number))
        # Now, where the next frame would be too late.
        due = {number for number in seen if waited_ns[number] + gap_ns > WAIT_LIMIT_NS}
        turns = due | {*order[:TURNS]}
        self._turn_ns = {n: t_ns if n in turns else t_ns - waited_ns[n] for n in seen}
        return turns
