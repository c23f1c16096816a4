"""Signs a bundle, and makes the keys for it; `edge.bundle.signature` checks the signature."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge.bundle import Bundle
from edge.bundle.manifest import MANIFEST_NAME
from edge.bundle.signature import MAX_KEY_BYTES, SIGNATURE_NAME, read_bounded
from edge.errors import BundleError

PRIVATE_NAME, PUBLIC_NAME = "private.pem", "public.pem"


def make_keys(folder: Path) -> None:
    """Write a new Ed25519 key pair to `folder`. Only its owner may read the private one.

    Raises:
        BundleError: `folder` contains a key: it is not overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PRIVATE_NAME, PUBLIC_NAME):
        if (folder / name).exists():
            raise BundleError(f"{folder / name} exists: give a new folder for the keys.")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    handle = os.open(folder / PRIVATE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(private)
    (folder / PUBLIC_NAME).write_bytes(public)


def sign(folder: Path, private: Path) -> Path:
    """Check the bundle in `folder` and write the signature of its manifest; returns its path.

    Raises:
        BundleError: The bundle is incomplete or altered, or the key cannot be used.
    """
    key = _private_key(private)
    Bundle.load(folder)
    signature = key.sign((folder / MANIFEST_NAME).read_bytes())
    # A process that is killed leaves the old signature or the new one.
    handle, written = tempfile.mkstemp(prefix=f".{SIGNATURE_NAME}-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(signature)
        Path(written).chmod(0o644)
        Path(written).replace(folder / SIGNATURE_NAME)
    finally:
        Path(written).unlink(missing_ok=True)
    return folder / SIGNATURE_NAME


def _private_key(path: Path) -> Ed25519PrivateKey:
    wanted = (
        f"{path} is not an Ed25519 private key in PEM without a passphrase: give the one that"
        " `cdat-export keys` made."
    )
    try:
        key = load_pem_private_key(read_bounded(path, MAX_KEY_BYTES), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a passphrase
        raise BundleError(wanted) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(wanted)
    return key
