"""`cdat-train voices`: whether a window of voice tells that another person speaks than before."""

from __future__ import annotations

from pathlib import Path

from edge.bundle import Bundle
from edge.errors import ConfigError
from train.cache import cache_folder
from train.corpora.folder import data_folder
from train.corpora.voices import NEVER_SCORED, VOICES
from train.studies.voices.candidates import CANDIDATES
from train.studies.voices.hops import measure_hops
from train.studies.voices.page import page
from train.studies.voices.study import draw, judge

SCORED = ("ravdess", *(name for name in VOICES if name not in NEVER_SCORED))


def measure_voices(
    bundle: Bundle,
    data: Path | None,
    corpora: str,
    speakers: int,
    clips: int,
    each: int,
    seed: int = 1,
) -> str:
    """The tables, as Markdown.

    Args:
        bundle: Its speech encoder is one of the candidates.
        corpora: By comma, two or more of `SCORED`; each is judged by what the others taught.
        speakers: Most speakers of a corpus.
        clips: Most clips of a speaker.
        each: Pairs of each speaker in each condition; a fifth as many runs.

    Raises:
        ConfigError: A corpus is unknown, or there are not two.
        DataError: A corpus is missing or damaged.
    """
    names = tuple(dict.fromkeys(one.strip() for one in corpora.split(",") if one.strip()))
    if wrong := [one for one in names if one not in SCORED]:
        raise ConfigError(f"--corpora {wrong[0]} is not one of {', '.join(SCORED)}.")
    if len(names) < 2:
        raise ConfigError("--corpora needs two or more: each is judged by what the others taught.")
    folder = data_folder(data)
    cache = cache_folder()
    hops = {one: measure_hops(folder, one, bundle, speakers, clips, cache) for one in names}
    drawn = {name: draw(one, each, seed) for name, one in hops.items()}
    found = {one.name: judge(one, hops, drawn, seed) for one in CANDIDATES}
    counts = [f"{name} {len(one.speakers)}" for name, one in drawn.items()]
    told = f"Speakers: {', '.join(counts)}. In brackets: 95 % over resampled speakers."
    return page(found, told)
