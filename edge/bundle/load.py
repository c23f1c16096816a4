"""Loads a bundle. One that is incomplete, altered or made for something else is rejected."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from os import PathLike
from pathlib import Path

from edge.bundle.document import read_document
from edge.bundle.manifest import MANIFEST_NAME, SCHEMA_VERSION, Manifest
from edge.bundle.signature import SIGNATURE_NAME, check_signature, read_bounded
from edge.digest import sha256_of
from edge.errors import BundleError
from edge.frontends import QUALITY, FrontEndParams

MAX_MANIFEST_BYTES = 4 * 2**20
MAX_FILE_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Bundle:
    """A checked bundle: every file exists, is intact, and fits this release's front ends."""

    folder: Path
    manifest: Manifest

    def path(self, name: str) -> Path:
        """The path of a file of the bundle."""
        return self.folder / name

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which lists those of all other files."""
        return sha256_of(self.path(MANIFEST_NAME))

    def one_label(self, what: str, advice: str = "give another one") -> None:
        """Raises: BundleError, unless the bundle answers with one label.

        Args:
            what: What only such a bundle can be used for.
            advice: What to do with this one.
        """
        if self.manifest.task != "multiclass":
            raise BundleError(
                f"{self.folder} has the task {self.manifest.task}, and {what} needs a bundle that"
                f" answers with one label: {advice}."
            )

    @property
    def graphs(self) -> dict[str, Path]:
        """The file of each graph: "text", "audio", "vision" (those that it has) and "fusion"."""
        manifest = self.manifest
        files = {name: self.path(manifest.streams[name].graph) for name in manifest.names}
        return files | {"fusion": self.path(manifest.fusion.graph)}

    @classmethod
    def load(
        cls,
        folder: str | PathLike[str],
        require_signed: str | PathLike[str] | None = None,
        refitted: str | None = None,
    ) -> Bundle:
        """Read and check the bundle in `folder`.

        Args:
            require_signed: A PEM file with the public key that must have signed it; None accepts
                any bundle.
            refitted: The stream that is being trained again: its front end may be another one.

        Raises:
            BundleError: The message is one sentence with the file or field that is wrong.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        if require_signed is not None:
            check_is_inside(folder, folder / SIGNATURE_NAME)
            raw = read_bounded(folder / MANIFEST_NAME, MAX_MANIFEST_BYTES)
            check_signature(folder, raw, Path(require_signed))
        _check_front_end(manifest, folder, refitted)
        for name, digest in manifest.files.items():
            _check_file(folder, name, digest)
        return cls(folder, manifest)


def default_bundle() -> Path:
    """The bundle that is included in the package."""
    return Path(str(resources.files("edge"))) / "assets" / "bundle"


def read_manifest(folder: Path) -> Manifest:
    """Read and validate `manifest.json`. The files that it names are not checked.

    Raises:
        BundleError: The message is one sentence with the key that is wrong.
    """
    path = folder / MANIFEST_NAME
    if not folder.is_dir():
        raise BundleError(
            f"{folder} is not a folder: --bundle needs the folder that contains {MANIFEST_NAME}."
        )
    if not path.exists():
        raise BundleError(
            f"{folder} contains no {MANIFEST_NAME}: it is not a bundle, or it is incomplete."
        )
    check_is_inside(folder, path)
    return read_document(
        path,
        Manifest,
        SCHEMA_VERSION,
        MAX_MANIFEST_BYTES,
        BundleError,
        "build the bundle again with `cdat-export build` of this release",
    )


def _check_front_end(manifest: Manifest, folder: Path, refitted: str | None) -> None:
    """A bundle runs only with the front ends that it was trained with."""
    here = FrontEndParams()
    there = dict(manifest.frontend)
    if refitted is not None:
        there[refitted] = here.as_dict()[refitted]
    difference = here.difference(there)
    told = refitted is None and manifest.frontend_digest != here.digest()
    if difference is not None or told:
        what = difference or "its digest does not match its parameters"
        other = [one for one, ours in here.as_dict().items() if ours != manifest.frontend.get(one)]
        again = "train it again with this one"
        if len(other) == 1 and other[0] in manifest.names:
            again += f" (`cdat-train refit --stream {other[0]}`, where its signals alone changed)"
        raise BundleError(
            f"{folder} was trained with another front end ({what}):"
            f" use the release that built it, or {again}."
        )
    for name in manifest.names:
        if manifest.streams[name].quality != QUALITY[name]:
            raise BundleError(
                f"{folder}: streams.{name}.quality lists {list(manifest.streams[name].quality)},"
                f" but this release measures {list(QUALITY[name])}: build the bundle again."
            )


def check_is_inside(folder: Path, path: Path) -> None:
    """Raises: BundleError, for a FIFO, a device, or a link to a file of another folder."""
    if not path.is_file():
        if path.exists():
            raise BundleError(f"{path} is not a file: copy or build the bundle again.")
        return
    if path.resolve().parent != folder.resolve():
        raise BundleError(
            f"{path} is a link to a file outside {folder}: copy the file itself into the bundle."
        )


def _check_file(folder: Path, name: str, digest: str) -> None:
    path = folder / name
    check_is_inside(folder, path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BundleError(f"{path} is larger than 1 GiB: it is not a file of a bundle.")
        found = sha256_of(path)
    except FileNotFoundError:
        raise BundleError(
            f"{folder} lacks {name}, which its manifest lists: copy the whole folder."
        ) from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.") from None
    if found != digest:
        raise BundleError(
            f"{path} is not the file that the manifest describes (its SHA-256 differs):"
            " it was altered or truncated; copy or build the bundle again."
        )
