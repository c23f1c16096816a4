"""`cdat-edge run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.commands.media_files import are_several, find_clips
from edge.commands.options import (
    AsrModelOption,
    AsrOption,
    BundleOption,
    ConfigOption,
    DashboardAtOption,
    DashboardOption,
    DashboardStayOption,
    EngineOption,
    HttpOption,
    JsonlMaxOption,
    JsonlOption,
    LogOption,
    LslOption,
    MqttOption,
    NoPictureOption,
    OscOption,
    PeopleOption,
    PersonCorrectionOption,
    RecordMaxOption,
    RecordOption,
    RecordRawOption,
    RequireSignedOption,
    SaveOption,
    SecondsOption,
    SetOption,
    SummaryOption,
    TlsCertificateOption,
    TlsKeyOption,
    dashboard_options,
    people_of,
)
from edge.commands.show import show
from edge.config import load_config
from edge.errors import ConfigError
from edge.runtime.run import Run


def run(
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            metavar="FILE|DIR",
            help="A media file, or all in a folder; may be given several times.",
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option("--camera", metavar="INDEX|PATH|URL|none", help="Default 0 without --file."),
    ] = None,
    mic: Annotated[
        str | None,
        typer.Option("--mic", metavar="INDEX|NAME|none", help="Default device without --file."),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            "--sources",
            metavar="FILE",
            help="YAML file of several sessions at once; see docs/sessions.md.",
        ),
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(
            "--pace", metavar="fast|live", help="Speed of a file (with a dashboard: live)."
        ),
    ] = None,
    start_without: Annotated[
        bool,
        typer.Option("--start-without", help="Begin though a device is missing; use it later."),
    ] = False,
    people: PeopleOption = None,
    person_correction: PersonCorrectionOption = None,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    asr: AsrOption = None,
    asr_model: AsrModelOption = None,
    config: ConfigOption = None,
    seconds: SecondsOption = None,
    jsonl: JsonlOption = None,
    jsonl_max_mb: JsonlMaxOption = None,
    save: SaveOption = None,
    summary: SummaryOption = None,
    log: LogOption = None,
    record: RecordOption = None,
    record_raw: RecordRawOption = False,
    record_max_mb: RecordMaxOption = None,
    dashboard: DashboardOption = False,
    dashboard_at: DashboardAtOption = None,
    no_picture: NoPictureOption = False,
    dashboard_stay: DashboardStayOption = None,
    http: HttpOption = None,
    tls_certificate: TlsCertificateOption = None,
    tls_key: TlsKeyOption = None,
    mqtt: MqttOption = None,
    osc: OscOption = None,
    lsl: LslOption = None,
    settings: SetOption = None,
) -> None:
    """Recognise emotions from a file, from devices, from URLs, or from a combination of them.

    cdat-edge run                                  camera 0 and the default microphone

    cdat-edge run --file clip.mp4 --jsonl out.jsonl

    cdat-edge run --file clips/ --jsonl verdicts/ --summary clips.csv

    cdat-edge run --camera rtsp://host/stream --mic none

    cdat-edge run --sources sources.yaml --jsonl -
    """
    options = {
        "source.file": file[0] if file else None,
        "source.camera": camera,
        "source.mic": mic,
        "source.pace": pace or ("live" if dashboard or dashboard_at else None),
        "source.start_without": start_without or None,
        "people": people_of(people),
        "person_correction": person_correction,
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "asr.engine": asr,
        "asr.model": asr_model,
        "seconds": seconds,
        "output.jsonl": jsonl,
        "output.jsonl_max_mb": jsonl_max_mb,
        "output.save": save,
        "output.summary": summary,
        "output.log": log,
        "record.folder": record,
        "record.raw": record_raw or None,
        "record.max_mb": record_max_mb,
        "http.address": http,
        "tls.certificate": tls_certificate,
        "tls.key": tls_key,
        "mqtt.url": mqtt,
        "osc.address": osc,
        "lsl.name": lsl,
        **dashboard_options(dashboard, dashboard_at, no_picture, dashboard_stay),
    }
    if sources is not None:
        # Imported when used, as below: a run of one session starts sooner.
        from edge.commands.sessions import run_sessions
        from edge.config.sessions import load_plan

        run_sessions(load_plan(sources, config, settings or [], options))
        return
    loaded = load_config(config, settings or [], options)
    named = file or [name for name in [loaded.source.file] if name is not None]
    if are_several(named):
        from edge.commands.files import run_files

        run_files(loaded, find_clips(named))
        return
    if loaded.output.summary is not None:
        raise ConfigError(
            "--summary is the table of several files: give a folder, or --file several times."
        )
    show(loaded, Run, devices=True)
