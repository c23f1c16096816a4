"""How many words are wrong, and what recognising them takes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import jiwer

from train.studies.words.listening import Heard
from train.tables import percent, table

_NO_WORD = re.compile(r"[^a-z' ]")


def errors(heard: Sequence[Heard]) -> str:
    """A row for each condition: word errors by spoken words, % (wrong, missing and added ones,
    [jiwer](https://jitsi.github.io/jiwer/)), where these are known; the processor's time for a
    second of sound, with the quiet before and after it."""
    lines = []
    for condition in dict.fromkeys(one.condition for one in heard):
        own = [one for one in heard if one.condition == condition]
        known = [(_plain(one.said), _plain(one.words)) for one in own if one.said is not None]
        known = [one for one in known if one[0]]
        said, words = [one[0] for one in known], [one[1] for one in known]
        wrong = jiwer.wer(said, words) if known else None
        cost = sum(one.cpu_s for one in own) / sum(one.sound_s for one in own)
        shown = "-" if wrong is None else percent(wrong)
        lines.append([condition, str(len(own)), str(len(known)), shown, f"{1e3 * cost:.0f}"])
    return table(["speech", "sounds", "known words", "wrong, %", "ms a second"], lines)


def _plain(text: str) -> str:
    return " ".join(_NO_WORD.sub("", text.lower()).split())
