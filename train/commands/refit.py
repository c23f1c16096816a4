"""`cdat-train refit`: one stream's reliability in a bundle, trained again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.bundle import Bundle, default_bundle
from edge.errors import ConfigError, SinkError
from edge.frontends import FrontEndParams
from edge.types import STREAMS
from train.commands.evaluate import DEFAULT
from train.commands.options import Config, Data, Set, log_to, training_packages


def refit(
    config: Config,
    stream: Annotated[str, typer.Option(help="text, audio or vision.")],
    out: Annotated[Path, typer.Option(help="Folder of the new bundle; it must not exist.")],
    bundle: Annotated[
        Path, typer.Option(help="A bundle, or `default` for the packaged one.")
    ] = DEFAULT,
    run: Annotated[Path, typer.Option(help="Folder of the training.")] = Path("runs/refit"),
    data: Data = None,
    set_: Set = None,
) -> None:
    """Train the reliability of one stream again, with the front end of this release and the
    bundle's own encoders; all else of the bundle stays as it is. The configuration is that of a
    live bundle, such as configs/train/default.yaml: its corpora and its section `confidence`."""
    from train.config import read
    from train.live_config import validated

    if stream not in STREAMS:
        raise ConfigError(f"--stream {stream} is not one of {', '.join(STREAMS)}.")
    if out.exists():
        raise SinkError(f"--out {out} exists: name a new folder.")
    checked = validated(read(config, set_), str(config))
    with training_packages():
        from train.adaptation.copied import check_outside
        from train.adaptation.write_refit import check_fits, write_refitted
        from train.cache import cache_folder
        from train.corpora.folder import data_folder
        from train.corpora.items import Corpora
        from train.stages.refit import refit as fit
    base = Bundle.load(default_bundle() if bundle == DEFAULT else bundle, refitted=stream)
    base.one_label("training a stream's reliability again")
    check_outside(base, out)
    check_fits(base, stream)
    log_to(run)
    chosen = {name: checked.corpora.of(name) for name in STREAMS}
    corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams(), chosen)
    refitted = fit(checked, base, stream, corpora, run)
    write_refitted(base, refitted, out)
    for name, value in refitted.figures["after"].items():
        typer.echo(f"{name}: {refitted.figures['before'][name]:.3f} -> {value:.3f}")
    typer.echo(f"Written: {out}")
