"""`cdat-edge calibrate`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from edge.bundle import Bundle, default_bundle
from edge.commands.options import (
    BundleOption,
    ConfigOption,
    EngineOption,
    RequireSignedOption,
    SetOption,
)
from edge.commands.screen import screen
from edge.commands.stop_signals import signals_stop
from edge.config import load_config
from edge.correction.document import (
    SCHEMA_VERSION,
    SUFFIX,
    Correction,
    file_of,
    write_correction,
)
from edge.correction.sitting import Sitting
from edge.errors import ConfigError, CorrectionError
from edge.runtime.run import Run
from edge.types import NS_PER_S

SECONDS = 10.0


def calibrate(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Kept under this name in the configuration folder."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE.json", help="Keep it in this file instead."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="CLIP", help="A film of the neutral person.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="INDEX|PATH|URL|none", help="Default 0.")
    ] = None,
    mic: Annotated[
        str | None, typer.Option("--mic", metavar="INDEX|NAME|none", help="Default device.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=5, max=600)] = SECONDS,
    strength: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1, help="Instead of the bundle's: correct though no gain was measured."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a correction that exists.")
    ] = False,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Measure a correction for one person in ten neutral seconds; see docs/calibrate.md.

    cdat-edge calibrate anna --strength 0.25       camera 0 and the default microphone

    cdat-edge run --person-correction anna
    """
    place = _place(name, out, overwrite)
    options = {
        "source.file": file,
        "source.camera": camera,
        "source.mic": mic,
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "asr.engine": "none",
        "seconds": seconds,
    }
    loaded = load_config(config, settings or [], options)
    loaded = loaded.model_copy(update={"person_correction": None, "people": "nearest"})
    checked = Bundle.load(loaded.bundle or default_bundle(), loaded.require_signed)
    strengths = strengths_of(checked, strength)
    console = screen(stderr=True)
    with closing(Run(loaded)) as run:
        streams = tuple(strengths)
        if not frozenset(streams) & frozenset[str]().union(*(one.streams for one in run.feeds)):
            raise ConfigError(
                f"Only {' and '.join(streams)} can be corrected: give a source of it."
            )
        if not run.offline:
            console.print(f"Be neutral, look at the camera and speak for {seconds:g} s.")
        sitting = Sitting(streams, run.recognizer.step_ns)
        with signals_stop(run, console.file):
            for verdict in run.verdicts():
                sitting.take(verdict, run.recognizer.newest_windows)
        made_s = run.clock.wall_ns() // NS_PER_S
        if run.stopped:
            raise CorrectionError(f"It was stopped: {place} is not written.")
    neutral = checked.manifest.neutral or {}
    found = sitting.corrections({one: neutral[one].embedding for one in streams}, strengths)
    correction = Correction(
        schema_version=SCHEMA_VERSION,
        bundle=checked.manifest.name,
        bundle_digest=checked.digest,
        made=f"{datetime.fromtimestamp(made_s, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        streams=found,
    )
    write_correction(place, correction)
    told = ", ".join(f"{k} by {one.strength:g} ({one.seconds:g} s)" for k, one in found.items())
    console.print(f"{place}: corrects {told}.", soft_wrap=True)
    for one in found:
        if not neutral[one].strength:
            console.print(
                f"note: on people of the measurement a correction of {one} did not help"
                " (docs/calibrate.md).",
                style="yellow",
                soft_wrap=True,
            )
    console.print(f"Use it: cdat-edge run --person-correction {name or place}", soft_wrap=True)


def strengths_of(bundle: Bundle, asked: float | None) -> dict[str, float]:
    """The strength of each stream that is to be corrected.

    Raises:
        CorrectionError: The bundle knows no neutral embeddings, or no stream gains.
    """
    neutral = bundle.manifest.neutral
    if not neutral:
        raise CorrectionError(
            f"{bundle.folder} does not know the neutral embeddings of its training: measure them"
            " with `cdat-train calibration-study`, and add them with `cdat-export neutral`."
        )
    found = {name: one.strength if asked is None else asked for name, one in neutral.items()}
    kept = {name: strength for name, strength in found.items() if strength > 0}
    if not kept:
        raise CorrectionError(
            f"A correction of {' or '.join(neutral)} did not help the people that this bundle was"
            " measured with, so none is made: --strength 0.25 makes one all the same."
        )
    return kept


def _place(name: str | None, out: str | None, overwrite: bool) -> Path:
    if (name is None) == (out is None):
        raise ConfigError("Give either a NAME for the correction, or a file with --out.")
    if out is not None and not out.endswith(SUFFIX):
        raise ConfigError(f"--out {out}: give a name that ends in {SUFFIX}.")
    place = file_of(name or str(out))
    if place.exists() and not (overwrite and place.is_file()):
        what = "exists: replace it with --overwrite" if place.is_file() else "is not a file"
        raise ConfigError(f"{place} {what}, or give another one.")
    return place
