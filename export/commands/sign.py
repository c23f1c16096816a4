"""`cdat-export keys` and `sign`: who made a bundle, for `cdat-edge run --require-signed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands.options import needs


def keys(
    out: Annotated[Path, typer.Argument(help="Folder for private.pem and public.pem.")],
) -> None:
    """Make a key pair: the private one signs bundles, the public one checks them."""
    with needs("Making keys", "signing"):
        from export.bundle.sign import PRIVATE_NAME, PUBLIC_NAME, make_keys
    make_keys(out)
    typer.echo(
        f"Keep {out / PRIVATE_NAME} secret: it signs. Give {out / PUBLIC_NAME} to those who run"
        " your bundles."
    )


def sign(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    key: Annotated[Path, typer.Option(help="The private key that `cdat-export keys` made.")],
) -> None:
    """Check a bundle and sign its manifest, which lists the SHA-256 of every file."""
    with needs("Signing", "signing"):
        from export.bundle.sign import sign as sign_bundle
    typer.echo(f"Signed: {sign_bundle(bundle, key)}.")
