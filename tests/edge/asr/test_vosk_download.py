"""Vosk models that are found by name, folder or package, or downloaded from a real server."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from fixtures.vosk_server import VoskServer, archive

from edge.asr.vosk_download import download_model
from edge.asr.vosk_models import find_model, is_here
from edge.errors import AsrError

NAME = "vosk-model-small-xx-0.1"
GOOD = archive(f"{NAME}/am/final.mdl", f"{NAME}/conf/model.conf")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "models"


def refused(model: str, *parts: str) -> None:
    """One sentence, and nothing is left behind."""
    with pytest.raises(AsrError) as error:
        download_model(model)
    told = str(error.value)
    assert all(part in told for part in parts), told
    assert "\n" not in told and told.endswith((".", "..."))


def test_a_name_is_downloaded_checked_and_then_here(
    vosk_server: VoskServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vosk_server.offer(NAME, GOOD)
    assert not is_here(NAME)
    assert download_model(NAME) == folder / NAME == find_model(NAME)
    assert (folder / NAME / "am" / "final.mdl").is_file()
    assert [path.name for path in folder.iterdir()] == [NAME]
    told = capsys.readouterr().err
    assert f"Downloading {NAME} (39.3MiB)" in told and vosk_server.url in told
    assert str(folder) in told


def test_a_model_that_is_there_is_not_downloaded_again(
    vosk_server: VoskServer, folder: Path
) -> None:
    vosk_server.offer(NAME, GOOD)
    download_model(NAME)
    download_model(NAME)
    assert vosk_server.asked.count(f"{NAME}.zip") == 1


def test_an_unknown_name_is_told_with_those_like_it(vosk_server: VoskServer) -> None:
    vosk_server.offer(NAME, GOOD)
    refused("vosk-model-small-xx-0.2", f"({NAME}?)", "alphacephei.com/vosk/models")
    refused("nobodys", "knows no model 'nobodys'")


def test_without_a_network_the_way_by_hand_is_told(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("edge.asr.vosk_download.LIST_URL", "http://127.0.0.1:9/model-list.json")
    refused(NAME, str(folder), "Connection refused", "by hand", "asr.model")


@pytest.mark.parametrize("answer", [b"<html>", b'{"name": 1}', b"[1]", b'[{"size": 1}]'])
def test_a_list_that_is_none_is_one_sentence(vosk_server: VoskServer, answer: bytes) -> None:
    vosk_server.files["model-list.json"] = answer
    refused(NAME, "model-list.json could not be read")


@pytest.mark.parametrize(
    ("packed", "md5", "part"),
    [
        (GOOD, "0" * 32, "its md5 is"),
        (b"not a zip", None, "not a zip file"),
        (archive("readme.txt"), None, "it contains no am/"),
    ],
)
def test_a_damaged_model_is_refused_and_leaves_nothing(
    vosk_server: VoskServer, folder: Path, packed: bytes, md5: str | None, part: str
) -> None:
    vosk_server.offer(NAME, packed, md5)
    refused(NAME, NAME, part, "by hand")
    assert list(folder.iterdir()) == []


def test_an_archive_that_points_elsewhere_stays_in_its_folder(
    vosk_server: VoskServer, folder: Path, tmp_path: Path
) -> None:
    vosk_server.offer(NAME, archive(f"{NAME}/am/final.mdl", "../../out.txt", "/tmp/out-of-it.txt"))
    download_model(NAME)
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert not (tmp_path / "out.txt").exists() and not Path("/tmp/out-of-it.txt").exists()


def test_a_missing_archive_is_one_sentence(vosk_server: VoskServer) -> None:
    vosk_server.offer(NAME, GOOD)
    del vosk_server.files[f"{NAME}.zip"]
    refused(NAME, "Not Found")


def test_an_archive_larger_than_allowed_is_refused(
    vosk_server: VoskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.asr.vosk_download.UNPACKED_LIMIT", 1)
    vosk_server.offer(NAME, GOOD)
    refused(NAME, "unpacked are too many")


def test_a_download_without_an_end_is_bounded(
    vosk_server: VoskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.asr.vosk_download.ARCHIVE_LIMIT", 100)
    vosk_server.tells_length = False
    vosk_server.offer(NAME, GOOD)
    refused(NAME, "larger than a model")


def test_a_folder_that_cannot_be_made_is_one_sentence(
    vosk_server: VoskServer, folder: Path
) -> None:
    folder.write_text("a file")
    vosk_server.offer(NAME, GOOD)
    refused(NAME, str(folder), "File exists")


def test_a_url_with_its_checksum_is_downloaded(vosk_server: VoskServer, folder: Path) -> None:
    vosk_server.files["own-model.zip"] = archive("am/final.mdl")
    digest = hashlib.sha256(vosk_server.files["own-model.zip"]).hexdigest()
    url = f"{vosk_server.url}/own-model.zip"
    refused(f"{url}#sha256={'0' * 64}", "its sha256 is")
    assert download_model(f"{url}#sha256={digest}") == folder / "own-model"
    assert (folder / "own-model" / "am" / "final.mdl").is_file()


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://host/model.zip", "add #sha256="),
        ("https://host/model.tar", "the https:// URL of a .zip"),
        ("ftp://host/model.zip", "the https:// URL of a .zip"),
        ("https://host/..zip", "the https:// URL of a .zip"),
        ("https://host/model.zip#crc=1", "write #sha256="),
    ],
)
def test_a_url_that_is_none_of_a_model_is_refused(url: str, part: str) -> None:
    refused(url, url.split("#")[0] if "crc" not in url else "#crc=1", part)


def test_a_package_with_a_model_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "vosk_model_xx" / "model" / "am").mkdir(parents=True)
    (tmp_path / "site" / "vosk_model_xx" / "__init__.py").write_text("raise SystemExit\n")
    assert not is_here("vosk-model-xx")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    assert find_model("vosk-model-xx") == tmp_path / "site" / "vosk_model_xx" / "model"


def test_a_home_is_written_as_a_tilde(tmp_path: Path) -> None:
    (tmp_path / "home" / "mine").mkdir(parents=True)
    assert find_model("~/mine") == tmp_path / "home" / "mine"
    assert find_model("~/other") is None and find_model("/no/such") is None
