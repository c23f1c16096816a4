"""`cdat-train mouth`: the mouth's motion of people who speak against that of still pictures."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.clock import MonotonicClock
from edge.errors import DataError
from edge.frontends.face import FaceFrontEnd, FaceParams
from edge.frontends.sound_level import QUALITY
from edge.frontends.speech import SpeechFrontEnd, SpeechParams
from edge.recognition.speaking import MIN_RATE_HZ, SPEAKS, STILL, VOICED
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Chunk, Frame
from train.metrics import auroc, intervals
from train.studies.mouth.conditions import CONDITIONS, FPS, Condition, Film, in_a_hand

log = logging.getLogger("train")

WINDOWS_S = (0.5, 1.0, 2.0)
STILL_S = 3.0
_RESAMPLES = 200


@dataclass
class Windows:
    """The most motion in each window, by length in seconds, for each clip."""

    talking: dict[float, list[list[float]]] = field(
        default_factory=lambda: {s: [] for s in WINDOWS_S}
    )
    still: dict[float, list[list[float]]] = field(
        default_factory=lambda: {s: [] for s in WINDOWS_S}
    )


def measure_mouths(folder: Path, seed: int = 1) -> str:
    """A Markdown table, a row a condition.

    Args:
        folder: Clips in which one person speaks; of the 25 frames a second of GRID.
        seed: Of the still pictures: two frames of each clip, held in a hand.

    Raises:
        DataError: The folder has no clip.
    """
    clips = sorted(p for p in folder.glob("*") if p.suffix in {".mpg", ".mp4", ".mkv", ".webm"})
    if not clips:
        raise DataError(f"{folder} has no clip (.mpg, .mp4, .mkv, .webm): name their folder.")
    found = {condition.name: Windows() for condition in CONDITIONS}
    for number, clip in enumerate(clips):
        log.info("%s", clip.name)
        film, voice = _read(clip)
        rng = np.random.default_rng((seed, number))
        chosen = rng.choice(len(film), 2, replace=False)
        stills = [in_a_hand(film[at], round(STILL_S * FPS), rng) for at in chosen]
        for condition in CONDITIONS:
            into = found[condition.name]
            talking = _motions(film, condition, rng)
            held = [_motions(one, condition, rng) for one in stills]
            for window_s in WINDOWS_S:
                into.talking[window_s].append(_most(talking, voice, window_s, condition.keep))
                into.still[window_s].append(
                    [m for one in held for m in _most(one, None, window_s, condition.keep)]
                )
    return _table(found, len(clips))


def _read(clip: Path) -> tuple[Film, NDArray[np.float64]]:
    """The frames, and for each the probability of a voice."""
    source = MediaFile(str(clip), MonotonicClock(), pace="fast")
    source.open()
    packets = list(source.packets())
    source.close()
    frames = [packet for packet in packets if isinstance(packet, Frame)]
    front_end = SpeechFrontEnd(SpeechParams())
    hops = [o for p in packets if isinstance(p, Chunk) for o in front_end.process(p)]
    if not frames or not hops:
        raise DataError(f"{clip} lacks picture or sound: leave it out of the folder.")
    voice = [float(hop.quality[QUALITY.index("voice")]) for hop in hops]
    at_ns = [frame.t_ns for frame in frames]
    return [f.bgr for f in frames], np.interp(at_ns, [hop.t_ns for hop in hops], voice)


def _motions(film: Film, condition: Condition, rng: np.random.Generator) -> NDArray[np.float64]:
    """Of each frame that is left; NaN where the live front end does not judge."""
    front_end = FaceFrontEnd(FaceParams())
    found = []
    for index, picture in enumerate(condition.spoil(film, rng)[:: condition.keep]):
        t_ns = index * condition.keep * NS_PER_S // FPS
        mouth = front_end.process(Frame(t_ns, picture, index)).detail["mouth"]
        found.append(mouth if isinstance(mouth, float) else np.nan)
    front_end.close()
    return np.array(found)


def _most(
    motions: NDArray[np.float64], voice: NDArray[np.float64] | None, window_s: float, keep: int
) -> list[float]:
    """The most motion of each window with enough judged frames, where a voice speaks."""
    length = round(window_s * FPS / keep)
    found = []
    for start in range(1, len(motions) - length + 1):
        seen = motions[start : start + length]
        seen = seen[np.isfinite(seen)]
        if len(seen) < min(length, MIN_RATE_HZ * window_s):
            continue
        if voice is not None:
            heard = voice[start * keep : (start + length) * keep]
            if np.mean(heard >= VOICED) < SPEAKS:
                continue
        found.append(float(seen.max()))
    return found


def _table(found: dict[str, Windows], clips: int) -> str:
    heads = [f"AUROC, {s:g} s" for s in WINDOWS_S]
    rows = [
        f"{clips} clips, and two photographs made of each. In brackets: 95 % over resampled clips.",
        "",
        f"| condition | {' | '.join(heads)} | least motion while talking, 1 s; 2 s"
        f" | still for 2 s and below {STILL:g}, % |",
        "|---|" + "---|" * (len(heads) + 2),
    ]
    for name, windows in found.items():
        shown = [_auroc(windows.talking[s], windows.still[s]) for s in WINDOWS_S]
        least = [
            min((m for c in windows.talking[s] for m in c), default=np.nan) for s in (1.0, 2.0)
        ]
        still = np.array([m for clip in windows.still[2.0] for m in clip])
        below = f"{100 * np.mean(still < STILL):.0f}" if len(still) else "-"
        cells = [*shown, f"{least[0]:.2f}; {least[1]:.2f}", below]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _auroc(talking: list[list[float]], still: list[list[float]]) -> str:
    windows = [(m, True, clip) for clip, ms in enumerate(talking) for m in ms]
    windows += [(m, False, clip) for clip, ms in enumerate(still) for m in ms]
    motion = np.array([m for m, _, _ in windows])
    talks = np.array([t for _, t, _ in windows], bool)
    if talks.all() or not talks.any():
        return "-"
    low, high = intervals(
        lambda rows: (auroc(motion[rows], talks[rows]),),
        np.array([clip for _, _, clip in windows]),
        rounds=_RESAMPLES,
    )
    return f"{auroc(motion, talks):.3f} ({low[0]:.3f} to {high[0]:.3f})"
