"""`cdat-edge doctor`: what a run would take on this machine, and what stands in its way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from edge import __version__
from edge.commands.options import (
    AsrModelOption,
    AsrOption,
    BundleOption,
    ConfigOption,
    EngineOption,
    RequireSignedOption,
    SetOption,
)
from edge.commands.screen import screen
from edge.doctor.finding import Check, Finding, contained, later
from edge.doctor.libraries import check_libraries

CHECKS: dict[str, Check] = {
    "machine": later("machine", "check_machine"),
    "libraries": check_libraries,
    "extras": later("libraries", "check_extras"),
    "onnxruntime": later("runtimes", "check_runtimes"),
    "torch": later("torch_build", "check_torch"),
    "disk": later("machine", "check_disk"),
    "ports": later("ports", "check_ports"),
    "bundle": later("models", "check_bundle"),
    "engine": later("models", "check_engine"),
    "speech-to-text": later("models", "check_speech_to_text"),
    "capacity": later("capacity", "check_capacity"),
    "devices": later("devices", "check_listed"),
    "camera": later("devices", "check_camera"),
    "microphone": later("devices", "check_microphone"),
}
"""Imported when they run: a library that does not load must not keep the others from telling it."""
CAPTURING = ("camera", "microphone")
STYLES = {"ok": "green", "note": "yellow", "wrong": "red"}


def doctor(
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="INDEX|PATH|URL|none", help="Default 0.")
    ] = None,
    mic: Annotated[
        str | None, typer.Option("--mic", metavar="INDEX|NAME|none", help="Default device.")
    ] = None,
    capture: Annotated[
        bool,
        typer.Option(help="Open the camera and the microphone for two seconds; nothing is kept."),
    ] = True,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    asr: AsrOption = None,
    asr_model: AsrModelOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="For a bug report: no name of a person, device or folder."),
    ] = False,
) -> None:
    """Check this machine: devices, libraries, models, disk, and what `run` would take."""
    options = {
        "source.camera": camera,
        "source.mic": mic,
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "asr.engine": asr,
        "asr.model": asr_model,
    }
    findings = looked_at(config, settings or [], options, capture)
    if as_json:
        typer.echo(json.dumps(report(findings), indent=1))
    else:
        show(findings)
    wrong = [finding.subject for finding in findings if finding.state == "wrong"]
    if wrong:
        screen(stderr=True).print(f"A run would fail: {', '.join(wrong)}.", style="red")
        raise typer.Exit(1)
    screen(stderr=True).print("A run would begin.", style="green")


def looked_at(
    config: Path | None, settings: list[str], options: dict[str, Any], capture: bool
) -> list[Finding]:
    """The findings of all checks; of the libraries alone, where one that all need does not load.

    Raises:
        ConfigError: As a run would.
    """
    try:
        from edge.config import load_config
        from edge.doctor.torch_build import on_jetson
    except Exception:  # a library that is installed badly raises what it likes
        libraries = check_libraries()
        if libraries.state != "wrong":
            raise
        return [libraries]
    loaded = load_config(config, settings, options)
    left_out = (() if capture else CAPTURING) + (() if on_jetson() else ("torch",))
    checks = {name: check for name, check in CHECKS.items() if name not in left_out}
    return [contained(name, check, loaded) for name, check in checks.items()]


def report(findings: list[Finding]) -> dict[str, object]:
    """The findings as plain JSON, without their sentences: those may name devices and folders."""
    told = {one.subject: {"state": one.state, **one.facts} for one in findings}
    return {"cdat-edge": __version__, "findings": told}


def show(findings: list[Finding]) -> None:
    """A table for the person at the machine."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        table.add_row(one.subject, Text(one.state, STYLES[one.state]), Text(one.told))
        if one.advice:
            table.add_row("", "", Text(one.advice, "dim"))
    screen(stderr=False).print(table)
