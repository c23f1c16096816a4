"""Who made a bundle: an Ed25519 signature of its manifest, which has the SHA-256 of every file.

`manifest.sig` is the 64 bytes of the signature alone, so that OpenSSL can check it as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle.manifest import MANIFEST_NAME
from edge.errors import DOCTOR, BundleError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_NAME = "manifest.sig"
SIGNATURE_BYTES = 64
MAX_KEY_BYTES = 2**14
MISSING = (
    "Signatures need the package cryptography, which is not installed:"
    f" pip install 'cdat-edge[signing]'; {DOCTOR}."
)


def check_signature(folder: Path, manifest: bytes, key: Path) -> None:
    """Check that the owner of `key` signed this manifest.

    Args:
        folder: The bundle.
        manifest: The bytes of its manifest.
        key: A PEM file with the signer's public key.

    Raises:
        BundleError: The bundle is not signed, was signed with another key or changed afterwards;
            the key cannot be used; or the extra `signing` is not installed.
    """
    public = read_public_key(key)
    path = folder / SIGNATURE_NAME
    if not path.is_file():
        raise BundleError(
            f"{folder} is not signed: it contains no {SIGNATURE_NAME}, and --require-signed accepts"
            " only a bundle that `cdat-export sign` signed."
        )
    signature = read_bounded(path, SIGNATURE_BYTES)
    if len(signature) != SIGNATURE_BYTES:
        raise BundleError(
            f"{path} is not a signature of {SIGNATURE_BYTES} bytes: copy the bundle again, or sign"
            " it again."
        )
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, manifest)
    except InvalidSignature:
        raise BundleError(
            f"{path} is not the signature of {MANIFEST_NAME} by the owner of {key}: another key"
            " signed it, or the manifest was changed afterwards."
        ) from None


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file.

    Raises:
        BundleError: It cannot be read, is not such a key, or the extra `signing` is not installed.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        raise BundleError(MISSING) from None
    wanted = (
        f"{path} is not an Ed25519 public key in PEM: give the one that `cdat-export keys` made."
    )
    try:
        key = load_pem_public_key(read_bounded(path, MAX_KEY_BYTES))
    except (ValueError, UnsupportedAlgorithm):
        raise BundleError(wanted) from None
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(wanted)
    return key


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """A regular file; of a longer one `max_bytes` + 1, which are too many.

    Raises:
        BundleError: There is none, or it cannot be read.
    """
    if path.exists() and not path.is_file():  # a FIFO would block
        raise BundleError(f"{path} is not a file.")
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.") from None
