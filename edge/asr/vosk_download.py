"""Downloads a Vosk model that was asked for by its name or its URL, and checks it.

Vosk's own download checks nothing, unpacks over what is there, and ends the process on an unknown
name.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import Any

from edge.asr.vosk_models import download_folder, model_folders
from edge.errors import AsrError, first_line

LIST_URL = "https://alphacephei.com/vosk/models/model-list.json"
PAGE = "alphacephei.com/vosk/models"
LIST_LIMIT = 2**24
ANSWER_LIMIT_S = 20.0
BLOCK = 2**20
ARCHIVE_LIMIT, UNPACKED_LIMIT = 10 * 2**30, 20 * 2**30
"""Bytes. Vosk's largest models take 5 GiB unpacked."""
CHECKSUMS = ("sha256", "md5")
_FAILURES = (OSError, HTTPException, ValueError, zipfile.BadZipFile, NotImplementedError)
"""Of the network, the disk, a list that is not JSON, and an archive that is none."""


def download_model(model: str) -> Path:
    """The folder of `model`, downloaded. Says the source and the size on standard error.

    Args:
        model: A name of Vosk's list, or the URL of a zip archive, which may end with its checksum
            (`#sha256=...` or `#md5=...`).

    Raises:
        AsrError: The name is unknown, or the model cannot be had; the message says what to do.
    """
    url, name, size, checksum = _of_url(model) if "://" in model else _of_list(model)
    target = download_folder() / name
    if os.path.isdir(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as folder:
            archive = Path(folder) / "model.zip"
            _fetch(url, archive, f"{name}{size}", checksum, target.parent)
            unpacked = _unpack(archive, Path(folder) / "model")
            if not os.path.isdir(target):  # another process may have been quicker
                unpacked.rename(target)
    except _FAILURES as error:
        raise AsrError(
            f"The Vosk model {name} could not be downloaded from {url} ({_told(error)}): download"
            f" it by hand into {target.parent}, or set asr.model to its folder."
        ) from error
    return target


def _of_url(url: str) -> tuple[str, str, str, str]:
    """What to fetch: URL, name of the folder, size for display, checksum."""
    parts = urllib.parse.urlsplit(url)
    name = Path(urllib.parse.unquote(parts.path)).stem
    zipped = parts.path.endswith(".zip") and not name.startswith(".")
    if parts.scheme not in ("http", "https") or not zipped:
        raise AsrError(f"asr.model is {url}: give the https:// URL of a .zip, a folder or a name.")
    kind, _, digest = parts.fragment.partition("=")
    if parts.fragment and (kind not in CHECKSUMS or not digest):
        raise AsrError(f"asr.model ends with #{parts.fragment}: write #sha256=... or #md5=...")
    if parts.scheme == "http" and not digest:
        raise AsrError(f"asr.model is {url}, which is not encrypted: add #sha256=... to it.")
    return parts._replace(fragment="").geturl(), name, "", parts.fragment


def _of_list(name: str) -> tuple[str, str, str, str]:
    """The same for a name of Vosk's list."""
    try:
        with urllib.request.urlopen(LIST_URL, timeout=ANSWER_LIMIT_S) as answer:
            models: list[dict[str, Any]] = json.loads(answer.read(LIST_LIMIT))
        known = {str(one["name"]): one for one in models}
    except (*_FAILURES, KeyError, TypeError) as error:
        searched = ", ".join(str(folder) for folder in model_folders())
        raise AsrError(
            f"The Vosk model {name!r} is not in {searched}, and {LIST_URL} could not be read"
            f" ({_told(error)}): download it by hand from {PAGE} and set asr.model to its folder."
        ) from error
    if name not in known:
        like = difflib.get_close_matches(name, known, 3, 0.5)
        meant = f" ({', '.join(like)}?)" if like else ""
        raise AsrError(f"Vosk knows no model {name!r}{meant}: see the names at {PAGE}.")
    found = known[name]
    size = f" ({found['size_text']})" if found.get("size_text") else ""
    digest = f"md5={found['md5']}" if found.get("md5") else ""
    return str(found["url"]), name, size, digest


def _fetch(url: str, archive: Path, what: str, checksum: str, into: Path) -> None:
    kind, _, wanted = checksum.partition("=")
    summed = hashlib.new(kind or "sha256", usedforsecurity=False)
    with urllib.request.urlopen(url, timeout=ANSWER_LIMIT_S) as answer, archive.open("wb") as file:
        length = int(answer.headers.get("Content-Length") or 0)
        size = f", {length / 1e6:.0f} MB" if length else ""
        print(f"Downloading {what}{size} from {url} into {into}.", file=sys.stderr, flush=True)
        if not wanted and url.startswith("https:") and not answer.url.startswith("https:"):
            raise OSError(f"it is sent on to {answer.url}, without encryption or a checksum")
        room = min(ARCHIVE_LIMIT, shutil.disk_usage(into).free)
        if length > room:
            raise OSError(f"{into} has no room for it")
        while block := answer.read(BLOCK):
            room -= len(block)
            if room < 0:
                raise OSError("it is larger than a model or than the room on the disk")
            summed.update(block)
            file.write(block)
    if length and archive.stat().st_size != length:
        raise OSError("the connection ended early")
    if wanted and summed.hexdigest() != wanted.lower():
        raise OSError(f"its {kind} is {summed.hexdigest()}, and not {wanted}")


def _unpack(archive: Path, folder: Path) -> Path:
    """The model in the archive: the folder that has am/, or the archive's root."""
    with zipfile.ZipFile(archive) as packed:
        size = sum(one.file_size for one in packed.infolist())
        if size > min(UNPACKED_LIMIT, shutil.disk_usage(archive.parent).free):
            raise OSError(f"{size / 1e9:.1f} GB unpacked are too many")
        packed.extractall(folder)
    for one in (folder, *sorted(folder.iterdir())):
        if os.path.isdir(one / "am") or os.path.isfile(one / "final.mdl"):
            return one
    raise OSError("it contains no am/, so it is not a Vosk model")


def _told(error: BaseException) -> str:
    reason = getattr(error, "reason", None)  # of a URLError: the error below it, or a text
    if isinstance(reason, str) and reason:
        return reason
    below = reason if isinstance(reason, BaseException) else error
    return getattr(below, "strerror", None) or first_line(below)
