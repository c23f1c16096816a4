"""The labels of IEMOCAP's own folder: `SessionN/dialog/EmoEvaluation/*.txt`.

    [6.2901 - 8.2357]	Ses01F_impro01_F000	neu	[2.5000, 2.5000, 2.5000]

The numbers are valence, activation and dominance, from 1 to 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError

LINE = re.compile(
    r"\[(?P<start>[\d.]+) - (?P<end>[\d.]+)\]\t(?P<id>\S+)\t(?P<emotion>\w+)\t"
    r"\[(?P<valence>[\d.]+), (?P<activation>[\d.]+), (?P<dominance>[\d.]+)\]\s*$"
)
UTTERANCE = re.compile(r"(?P<dialogue>(?P<session>Ses\d\d)[FM]_.+)_(?P<speaker>[FM])\w*\d+$")
EMOTIONS = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "sad": "sad",
    "neu": "neutral",
    "fru": "frustrated",
    "fea": "fearful",
    "sur": "surprised",
    "dis": "disgusted",
    "oth": "other",
    "xxx": "no agreement",
}
"""The emotions of the annotators by their code."""


@dataclass(frozen=True)
class Turn:
    """One utterance with its labels. `session` is 1 to 5; a `speaker` is in one session only."""

    id: str
    dialogue: str
    session: int
    speaker: str
    start_s: float
    end_s: float
    emotion: str
    """Of `EMOTIONS`."""
    valence: float
    activation: float
    dominance: float


def read_evaluations(folder: Path) -> list[Turn]:
    """All utterances, by dialogue and time.

    Raises:
        DataError: There are none, or a line, an emotion or an id is not of the format.
    """
    files = sorted(folder.glob("Session*/dialog/EmoEvaluation/*.txt"))
    turns = [turn for path in files for turn in _turns(path)]
    if not turns:
        raise DataError(f"{folder} has no labels in Session1/dialog/EmoEvaluation/*.txt.")
    seen: set[str] = set()
    for turn in turns:
        if turn.id in seen:
            raise DataError(f"{folder}: the utterance {turn.id} occurs twice.")
        seen.add(turn.id)
    return sorted(turns, key=lambda turn: (turn.dialogue, turn.start_s))


def _turns(path: Path) -> list[Turn]:
    turns = []
    for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
        if not line.startswith("["):  # the head, or the vote of an annotator
            continue
        where = f"{path}: line {number}"
        match = LINE.match(line)
        if match is None:
            raise DataError(f"{where} is not '[start - end] id emotion [V, A, D]'.")
        named = UTTERANCE.match(match["id"])
        if named is None:
            raise DataError(f"{where}: '{match['id']}' is not an id such as Ses01F_impro01_F000.")
        if match["emotion"] not in EMOTIONS:
            raise DataError(
                f"{where}: the emotion '{match['emotion']}' is unknown: use {', '.join(EMOTIONS)}."
            )
        start_s, end_s = float(match["start"]), float(match["end"])
        if end_s <= start_s:
            raise DataError(f"{where}: the utterance ends before it begins.")
        scores = (float(match["valence"]), float(match["activation"]), float(match["dominance"]))
        if not all(0 < score <= 5.5 for score in scores):
            raise DataError(f"{where}: a rating is not between 1 and 5.")
        turns.append(
            Turn(
                match["id"],
                named["dialogue"],
                int(named["session"][3:]),
                f"{named['session']}_{named['speaker']}",
                start_s,
                end_s,
                EMOTIONS[match["emotion"]],
                *scores,
            )
        )
    return turns
