"""`cdat-edge demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.commands.options import (
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
    RecordMaxOption,
    RecordOption,
    RecordRawOption,
    RequireSignedOption,
    SetOption,
    TlsCertificateOption,
    TlsKeyOption,
    dashboard_options,
)
from edge.commands.show import show
from edge.config import load_config
from edge.demo.script import demo_run


def demo(
    seconds: Annotated[
        float, typer.Option("--seconds", min=6, max=3600, help="Length of the script.")
    ] = 60,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    config: ConfigOption = None,
    jsonl: JsonlOption = None,
    jsonl_max_mb: JsonlMaxOption = None,
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
    """Run on a portrait that speaks, while camera and microphone fail by script. No hardware."""
    options = {
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "seconds": seconds,
        "output.jsonl": jsonl,
        "output.jsonl_max_mb": jsonl_max_mb,
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
    loaded = load_config(config, settings or [], options)
    show(loaded, lambda config: demo_run(config, seconds))
