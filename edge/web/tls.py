"""Certificate and key of the servers: checked before a run begins, used by uvicorn.

The check is a handshake of OpenSSL with itself, in memory: what it refuses would be refused later.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import ConfigError

CERTIFICATE, KEY = "--tls-certificate", "--tls-key"
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are fixed. uvicorn's default has ciphers without encryption."""
NO_PASSPHRASE = "-"
"""With none at all, OpenSSL asks for one on the terminal: a server that is started again waits."""
MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
X509_NOT_YET_VALID, X509_EXPIRED, X509_WRONG_PURPOSE = 9, 10, 26
"""Codes of OpenSSL's verification, which the module ssl does not name."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of a certificate with its chain, and of its key, both PEM."""

    certificate: Path
    key: Path

    def message(self) -> dict[str, str]:
        """For the process of a server: plain JSON."""
        return {"certificate": str(self.certificate), "key": str(self.key)}


def uvicorn_options(message: Mapping[str, str] | None) -> dict[str, Any]:
    """Keywords of `uvicorn.Config`; none for plain HTTP. Called in a server's process.

    Raises:
        SystemExit: The files, which were good when the run began, cannot be used any more.
    """
    if message is None:
        return {}
    certificate, key = message["certificate"], message["key"]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, NO_PASSPHRASE)
    except OSError as error:  # also what OpenSSL says
        reason = error.strerror or str(error)
        raise SystemExit(
            f"cdat-edge: {CERTIFICATE} {certificate} with {KEY} {key} was changed during the run"
            f" and cannot be used: {reason}."
        ) from None
    return {
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
        "ssl_keyfile_password": NO_PASSPHRASE,
        "ssl_ciphers": CIPHERS,
    }


def checked_tls(certificate: str | None, key: str | None) -> Tls | None:
    """Check the files of `tls.certificate` and `tls.key`; None when neither is given.

    Raises:
        ConfigError: One is missing, unreadable or encrypted, they do not belong together, or a
            client would refuse the certificate at any name.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        given, other = (CERTIFICATE, KEY) if key is None else (KEY, CERTIFICATE)
        raise ConfigError(f"{given} {certificate or key} needs {other}: give both files.")
    # A server's process may be started again in another folder.
    tls = Tls(_readable(certificate, CERTIFICATE), _readable(key, KEY))
    client = _client(tls, certificate)
    _handshake(_server(tls, certificate, key), client, certificate)
    return tls


def _readable(file: str, option: str) -> Path:
    path = Path(file)
    # A Path's methods raise for a file in a folder that is closed.
    if os.path.exists(path) and not os.path.isfile(path):  # a FIFO would block
        raise ConfigError(f"{option} {file} is not a file.")
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{option} {file} cannot be read: {reason}.") from None
    return path.resolve()


def _client(tls: Tls, certificate: str) -> ssl.SSLContext:
    """One that trusts this certificate alone."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        client.load_verify_locations(tls.certificate)
    except ssl.SSLError:
        raise ConfigError(
            f"{CERTIFICATE} {certificate} is not a certificate in PEM, which begins with"
            " -----BEGIN CERTIFICATE-----."
        ) from None
    return client


def _server(tls: Tls, certificate: str, key: str) -> ssl.SSLContext:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers(CIPHERS)
    asked = False

    def passphrase() -> str:
        nonlocal asked
        asked = True
        return NO_PASSPHRASE

    try:
        server.load_cert_chain(tls.certificate, tls.key, passphrase)
        why = ""
    except ssl.SSLError as error:
        if error.reason in MISMATCHES:
            why = f"{KEY} {key} is not the key of {CERTIFICATE} {certificate}: give the two files"
            why += " that were made together."
        elif "_TOO_" in (error.reason or ""):
            why = f"{CERTIFICATE} {certificate} is refused by OpenSSL"
            why += f" ({error.reason.lower().replace('_', ' ')}): make a stronger one."
        else:
            why = f"{KEY} {key} is not a private key in PEM, which begins with"
            why += " -----BEGIN PRIVATE KEY-----."
    if asked:
        why = f"{KEY} {key} is encrypted: give a key without a passphrase, as `openssl pkey`"
        why += " writes it, and let only this user read it."
    if why:
        raise ConfigError(why)
    return server


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, certificate: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    try:
        for _ in range(3):  # TLS 1.3 needs two
            for end in ends:
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLCertVerificationError as error:
        raise ConfigError(f"{CERTIFICATE} {certificate} {_refusal(error)}.") from None
    except ssl.SSLError as error:
        raise ConfigError(
            f"{CERTIFICATE} {certificate} cannot serve: {error.reason or error}."
        ) from None


def _refusal(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == X509_EXPIRED:
        return "has expired: renew it (or set the clock of this machine)"
    if error.verify_code == X509_NOT_YET_VALID:
        return "is not valid yet: set the clock of this machine, or wait"
    if error.verify_code == X509_WRONG_PURPOSE:
        return "is not made for a server: make one with the purpose serverAuth"
    return f"would be refused by its clients: {error.verify_message}"
