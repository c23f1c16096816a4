"""`cdat-train mouth` on a film of the demo's portrait, which speaks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edge.demo.script import FPS, Phase, Script
from edge.errors import DataError
from edge.recognition.speaking import STILL
from edge.sources.base import SAMPLE_RATE_HZ
from train.studies.mouth import command
from train.studies.mouth.conditions import CONDITIONS

SECONDS = 2.8


def write_film(path: Path) -> None:
    script = Script(SECONDS, phases=(Phase("all well", 1.0),))
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream("mpeg4", rate=FPS)
        pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        pictures.bit_rate = 4_000_000
        sound: Any = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        samples = (script.samples(0, round(SECONDS * SAMPLE_RATE_HZ)) * 32767).astype("int16")
        heard = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        heard.sample_rate, heard.pts = SAMPLE_RATE_HZ, 0
        heard.time_base = Fraction(1, SAMPLE_RATE_HZ)
        container.mux(sound.encode(heard))
        for index in range(round(SECONDS * FPS)):
            small = cv2.resize(script.frame(index), (320, 240), interpolation=cv2.INTER_AREA)
            seen = av.VideoFrame.from_ndarray(np.asarray(small, np.uint8), format="bgr24")
            seen.pts, seen.time_base = index, Fraction(1, FPS)
            container.mux(pictures.encode(seen))
        for stream in (pictures, sound):
            container.mux(stream.encode(None))


@pytest.mark.slow
def test_a_face_that_speaks_is_told_from_its_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_film(tmp_path / "talk.mkv")
    monkeypatch.setattr(command, "CONDITIONS", CONDITIONS[:1])
    page = command.measure_mouths(tmp_path)
    row = next(line for line in page.splitlines() if line.startswith("| 25 frames"))
    aurocs, least = row.split(" | ")[1:4], row.split(" | ")[4]
    assert all(float(cell.split()[0]) > 0.95 for cell in aurocs), page
    assert float(least.split("; ")[0]) > STILL


def test_a_folder_without_a_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no clip"):
        command.measure_mouths(tmp_path)
