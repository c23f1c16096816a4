"""`cdat-train words` on the demo's speech in two files."""

from __future__ import annotations

import re
from pathlib import Path

import av
import numpy as np
import pytest
from fixtures.speech import DEMO, RATE_HZ, sound_of

from edge.errors import DataError
from edge.types import Float
from train.studies.words.command import measure_words


def write_wav(path: Path, samples: Float) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            (samples * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.slow
def test_the_tables_of_two_files(tmp_path: Path) -> None:
    speech = sound_of(DEMO)
    write_wav(tmp_path / "one.wav", speech[: 4 * RATE_HZ])
    write_wav(tmp_path / "two.wav", speech[5 * RATE_HZ : 9 * RATE_HZ])
    page = measure_words(tmp_path)
    assert page.startswith("pocketsphinx") and "2 sounds" in page
    counts = [int(count) for count in re.findall(r"\), (\d+) \|", page)]
    together = next(line for line in page.splitlines() if line.startswith("| together"))
    _, looks, survive, *rest = (cell.strip() for cell in together.strip("|").split("|"))
    assert sum(counts) > 20 and int(looks) > 20, "each file is in one half"
    # The voice is clear: most words that were shown are final ones in the end.
    assert 50 < float(survive) < 100
    assert all(0 <= float(score) < 1 for score in rest[:3])


def test_a_folder_with_one_sound_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", np.zeros(RATE_HZ, np.float32))
    with pytest.raises(DataError, match=r"has 1 of the two sounds that are needed"):
        measure_words(tmp_path)


def test_sounds_without_words_are_told(tmp_path: Path) -> None:
    for name in ("one.wav", "two.wav"):
        write_wav(tmp_path / name, np.zeros(RATE_HZ, np.float32))
    with pytest.raises(DataError, match="No word was recognised"):
        measure_words(tmp_path)


def test_a_data_folder_without_speech_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has none of asr_wavs"):
        measure_words(None, tmp_path)
