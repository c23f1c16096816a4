"""A certificate that no client would accept is refused before the run begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from fixtures.certificates import Authority
from fixtures.command import Cli, complaint
from fixtures.noise import clip

from edge.errors import ConfigError
from edge.web.tls import Tls, checked_tls


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def refusal(certificate: Path | None, key: Path | None) -> str:
    with pytest.raises(ConfigError) as refused:
        checked_tls(*(None if one is None else str(one) for one in (certificate, key)))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_certificate_and_its_key_are_accepted_and_neither_is_plain_http(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = authority.pair()
    assert checked_tls(str(pair.certificate), str(pair.key)) == Tls(pair.certificate, pair.key)
    assert checked_tls(None, None) is None
    large = authority.pair("large", key=rsa.generate_private_key(65537, 2048))
    large.certificate.write_bytes(large.certificate.read_bytes() + authority.file.read_bytes())
    monkeypatch.chdir(large.certificate.parent)
    # Told in full: the server's process may be started in another folder.
    assert checked_tls("large.pem", "large.key") == Tls(large.certificate, large.key)


def test_one_without_the_other_is_refused(authority: Authority) -> None:
    pair = authority.pair()
    assert refusal(pair.certificate, None).endswith("server.pem needs --tls-key: give both files.")
    assert refusal(None, pair.key).endswith("server.key needs --tls-certificate: give both files.")


def test_what_cannot_be_read_is_named(authority: Authority, tmp_path: Path) -> None:
    pair, gone = authority.pair(), tmp_path / "gone.pem"
    assert refusal(gone, pair.key) == (
        f"--tls-certificate {gone} cannot be read: No such file or directory."
    )
    assert refusal(pair.certificate, gone).startswith(f"--tls-key {gone} cannot be read")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refusal(fifo, pair.key) == f"--tls-certificate {fifo} is not a file."
    assert refusal(pair.certificate, tmp_path) == f"--tls-key {tmp_path} is not a file."


def test_what_is_no_pem_is_named(authority: Authority, tmp_path: Path) -> None:
    pair, other = authority.pair(), tmp_path / "other"
    for content in (b"", b"no pem", os.urandom(4000)):
        other.write_bytes(content)
        assert "is not a certificate in PEM" in refusal(other, pair.key)
        assert f"--tls-key {other} is not a private key in PEM" in refusal(pair.certificate, other)
    assert "server.key is not a certificate in PEM" in refusal(pair.key, pair.certificate)


def test_files_of_two_pairs_are_refused(authority: Authority) -> None:
    one, other = authority.pair("one"), authority.pair("other")
    large = authority.pair("large", key=rsa.generate_private_key(65537, 2048))
    for key in (other.key, large.key):
        told = refusal(one.certificate, key)
        assert f"{key} is not the key of --tls-certificate {one.certificate}" in told


def test_an_encrypted_key_is_refused_and_no_passphrase_asked_for(authority: Authority) -> None:
    for passphrase in (b"secret", b"-"):
        pair = authority.pair(passphrase=passphrase)
        assert f"--tls-key {pair.key} is encrypted" in refusal(pair.certificate, pair.key)


@pytest.mark.parametrize(
    ("days", "told"), [((-9, -1), "has expired"), ((1, 9), "is not valid yet")]
)
def test_a_certificate_of_another_time_is_refused(
    authority: Authority, days: tuple[int, int], told: str
) -> None:
    pair = authority.pair("late", *days)
    assert f"--tls-certificate {pair.certificate} {told}" in refusal(pair.certificate, pair.key)


def test_what_a_client_would_refuse_is_refused(authority: Authority) -> None:
    pair = authority.pair(purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert "is not made for a server" in refusal(pair.certificate, pair.key)
    weak = authority.pair("weak", key=rsa.generate_private_key(65537, 1024))
    assert "refused by OpenSSL (ee key too small)" in refusal(weak.certificate, weak.key)


def test_a_bad_certificate_ends_the_command_before_it_begins(cli: Cli, tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair("late", -9, -1)
    log = tmp_path / "events.jsonl"
    for command in (("demo",), ("run", "--file", "none.mp4")):
        result = cli(*command, "--http", "127.0.0.1:0", "--log", str(log), *pair.options)
        complaint(result, f"--tls-certificate {pair.certificate} has expired")
    assert not log.exists()


def test_a_run_that_others_can_read_along_says_so_once(cli: Cli, tmp_path: Path) -> None:
    pair = Authority(tmp_path).pair()
    command = ["run", "--file", str(clip(tmp_path / "clip.mkv")), "--set", "asr.engine=none"]
    command += ["--http", "0.0.0.0:0"]
    page = ("--set", "dashboard.show=true", "--set", "dashboard.address=0.0.0.0:0")
    code, _, told = cli(*command, *page)
    assert code == 0 and told.count("Others on the network can read along") == 1
    assert told.count("http://") == 2
    code, _, told = cli(*command, *pair.options)
    assert code == 0 and "read along" not in told
    assert told.count("https://") == 1 and "http://" not in told
