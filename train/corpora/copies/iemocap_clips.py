"""IEMOCAP's own folder as clips of one speaker and a table, which `cdat-train extract` reads.

A dialogue is one film of both speakers, side by side; the sound of each utterance is a file. A clip
is the speaker's half of the film, beside that sound.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle.document import Strict
from edge.clock import MonotonicClock
from edge.errors import DataError, MediaError
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Frame
from train.corpora.copies.clip_file import ClipFile
from train.corpora.copies.evaluations import Turn, read_evaluations
from train.corpora.copies.iemocap_folder import (
    FOUR,
    SIX,
    TARGETS,
    sound_of,
    transcripts_of,
    words_of,
)

TABLE_NAME = "table.csv"
COLUMNS = ("file", "label", "person", "split", "transcript")
NUMBERS = TARGETS["dimensions"]
CHOICES = ("four", "six", *NUMBERS)
NO_SOUND = "no file in sentences/wav"


class ClipsSummary(Strict):
    """What was made."""

    table: str
    samples: int
    with_picture: int
    labels: dict[str, int]
    left_out: dict[str, int]
    """Utterances by reason."""
    notes: list[str]
    """Films and sounds that could not be read, each with its reason."""


def write_clips(
    path: Path, out: Path, target: str, session: int, progress: Callable[[int, int], None]
) -> ClipsSummary:
    """Write the clips and `out`/table.csv. Clips of an earlier call are kept as they are.

    Args:
        path: IEMOCAP's own folder.
        target: of `CHOICES`: four or six emotions, or a number from 1 to 5.
        session: both of its speakers are for test.
        progress: is told the dialogues done and their number.

    Raises:
        DataError: The labels are not of the format, or no utterance has a sound.
    """
    turns = [turn for turn in read_evaluations(path) if _label(turn, target) is not None]
    if session not in {turn.session for turn in turns}:
        raise DataError(f"{path} has no labelled utterance in Session{session}: give another one.")
    words = words_of(transcripts_of(path))
    dialogues: dict[str, list[Turn]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    for turn in turns:
        if sound_of(path, turn).is_file():
            dialogues[turn.dialogue].append(turn)
        else:
            left_out[NO_SOUND] += 1
    if not dialogues:
        raise DataError(f"{path} has no sound in sentences/wav: copy it there.")
    out.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for number, (dialogue, own) in enumerate(dialogues.items(), 1):
        notes += _cut(path, dialogue, own, out)
        rows += [_row(path, out, turn, target, session, words.get(turn.id, "")) for turn in own]
        progress(number, len(dialogues))
    with (out / TABLE_NAME).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return ClipsSummary(
        table=str(out / TABLE_NAME),
        samples=len(rows),
        with_picture=sum(not Path(row[0]).is_absolute() for row in rows),
        labels=dict(Counter(row[1] for row in rows).most_common()) if target not in NUMBERS else {},
        left_out=dict(left_out),
        notes=notes,
    )


def _label(turn: Turn, target: str) -> str | None:
    if target in NUMBERS:
        return f"{getattr(turn, target):g}"
    if target == "four":
        place = FOUR.get(turn.emotion)
        return None if place is None else TARGETS["four"][place]
    return turn.emotion if turn.emotion in SIX else None


def _row(
    path: Path, out: Path, turn: Turn, target: str, session: int, words: str
) -> tuple[str, ...]:
    """A clip is named from the table, a sound alone by its absolute path."""
    clip = f"{turn.id}.mkv"
    file = clip if (out / clip).is_file() else str(sound_of(path, turn).resolve())
    split = "test" if turn.session == session else ""
    return file, _label(turn, target) or "", turn.speaker, split, words


def _cut(path: Path, dialogue: str, turns: list[Turn], out: Path) -> list[str]:
    """The clips of one dialogue that do not exist yet: its film is decoded once, from its begin,
    because overlapping utterances share pictures.

    Returns:
        What could not be read, in sentences.
    """
    film = path / f"Session{turns[0].session}/dialog/avi/DivX/{dialogue}.avi"
    waiting = [turn for turn in turns if not (out / f"{turn.id}.mkv").is_file()]
    if not waiting or not film.is_file():
        return []
    notes: list[str] = []
    source = MediaFile(film, MonotonicClock(), wanted=frozenset({"vision"}))
    clips: dict[str, ClipFile] = {}
    try:
        source.open()
        for frame in source.packets():
            assert isinstance(frame, Frame)
            for turn in list(waiting):
                try:
                    over = _add(frame, path, turn, clips, out)
                except MediaError as error:
                    notes.append(str(error))
                    over = True
                if over:
                    waiting.remove(turn)
            if not waiting:
                break
        for clip in clips.values():
            clip.finish()
        clips.clear()
    except MediaError as error:
        notes.append(str(error))
    finally:
        source.close()
        for clip in clips.values():
            clip.discard()
    return notes


def _add(frame: Frame, path: Path, turn: Turn, clips: dict[str, ClipFile], out: Path) -> bool:
    """Add a picture to the clip of an utterance, if it is in it. True after its end."""
    t_ns = frame.t_ns - round(turn.start_s * NS_PER_S)
    if t_ns >= round((turn.end_s - turn.start_s) * NS_PER_S):
        if turn.id in clips:
            clips[turn.id].finish()
            del clips[turn.id]
        return True
    if t_ns >= 0:
        if turn.id not in clips:
            clips[turn.id] = ClipFile(out / f"{turn.id}.mkv", sound_of(path, turn))
        clips[turn.id].add(t_ns, half_of(frame.bgr, turn))
    return False


def half_of(picture: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """The speaker's half of a picture (height, width, 3): who wears the markers and gives the
    dialogue its letter, F or M, is on the left."""
    middle = picture.shape[1] // 2
    wears_markers = turn.speaker[-1] == turn.dialogue[5]
    return picture[:, :middle] if wears_markers else picture[:, middle:]
