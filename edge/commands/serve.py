"""`cdat-edge serve`: a service for browsers and programs; docs/serve.md has its protocol."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from edge.asr import open_asr
from edge.commands.encryption import Encryption
from edge.commands.hangup import hangup, survives_hangup
from edge.commands.library_lines import library_lines_are_noted
from edge.commands.options import (
    AsrModelOption,
    AsrOption,
    BundleOption,
    ConfigOption,
    EngineOption,
    PeopleOption,
    RequireSignedOption,
    SetOption,
    TlsCertificateOption,
    TlsKeyOption,
    people_of,
)
from edge.commands.outputs import Said
from edge.commands.screen import screen
from edge.commands.stop_signals import signals_stop
from edge.config import AsrConfig, load_config
from edge.errors import DOCTOR, ConfigError, SinkError
from edge.web.reached import qr_code, reached

if TYPE_CHECKING:
    from edge.serve.server import Server


def serve(
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="HOST:PORT", help="Where to listen; default 127.0.0.1:8780."),
    ] = None,
    people: PeopleOption = None,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    asr: AsrOption = None,
    asr_model: AsrModelOption = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Run the sessions on a Ray cluster: HOST:PORT, or auto for a local Ray.",
        ),
    ] = None,
    replicas: Annotated[
        str | None,
        typer.Option(
            "--replicas", metavar="N|N-M", help="With --ray: processes that run sessions."
        ),
    ] = None,
    tls_certificate: TlsCertificateOption = None,
    tls_key: TlsKeyOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Serve a page that recognises its visitor, and the same to programs; nothing is kept.

    cdat-edge serve                                http://127.0.0.1:8780/ in a browser here

    cdat-edge serve --at 0.0.0.0:8780 --tls-certificate cert.pem --tls-key key.pem

    cdat-edge serve --ray 10.0.0.1:6379 --replicas 2-8      sessions on the nodes of a Ray cluster
    """
    options = {
        "serve.address": at,
        "serve.ray": ray,
        "serve.replicas": replicas,
        "people": people_of(people),
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "asr.engine": asr,
        "asr.model": asr_model,
        "tls.certificate": tls_certificate,
        "tls.key": tls_key,
    }
    loaded = load_config(config, settings or [], options)
    try:
        from edge.commands.serve_hosts import Here, OnRay
    except ModuleNotFoundError as error:
        raise SinkError(
            f"cdat-edge serve needs {error.name}: run `pip install 'cdat-edge[outputs-http]'`;"
            f" {DOCTOR}."
        ) from None
    if loaded.serve.ray is None and loaded.serve.replicas != "1":
        raise ConfigError("serve.replicas is for a service on Ray: give --ray, or leave it out.")
    encryption = Encryption(loaded.tls)
    with ExitStack() as opened:
        opened.enter_context(survives_hangup())
        console = screen(stderr=True)
        lines: list[str] = []
        # A client that sends damaged pictures would fill the terminal and the journal.
        opened.enter_context(library_lines_are_noted(lines.append))
        say = opened.enter_context(closing(Said(console)))
        if loaded.serve.ray is None:
            hosted: Here | OnRay = Here(loaded, opened)
        else:
            hosted = OnRay(loaded, opened, partial(say, style="yellow"))
        words = _words_of(loaded.asr) if "text" in hosted.bundle.manifest.names else None
        server = hosted.server(encryption.tls)
        hosted.start()  # a signal ends the command at once meanwhile
        opened.enter_context(signals_stop(server, console.file))
        opened.enter_context(hangup(lambda: None, server.stop))
        server.start()
        told = f"{hosted.bundle.manifest.name} on {hosted.device}; {words or 'no words'}"
        say(f"{told}; press Ctrl-C to stop.", style="dim")
        _tell_where(server, encryption, say)
        server.wait()
        hosted.check()
        for note in [*hosted.notes, *lines]:
            say(f"note: {note}", style="yellow")


def _words_of(config: AsrConfig) -> str | None:
    """Opened once, so that a missing model ends the command and not each session.

    Raises:
        AsrError: It cannot be opened.
    """
    opened = open_asr(config.engine, config.model, True, config.limit_s, config.load_limit_s)
    return None if opened is None else opened.name


def _tell_where(server: Server, encryption: Encryption, say: Said) -> None:
    url = reached(server.url)
    say(f"Serving: {url}", style="bold")
    if server.token is None:
        return
    if sys.stderr.isatty() and (code := qr_code(url)):
        say(code)  # for a phone
    encryption.tell(server.token, say)
    if encryption.tls is None:
        say(
            "Browsers give camera and microphone to pages over HTTPS or of this machine alone:"
            " from another machine only programs can use this server.",
            style="yellow",
        )
