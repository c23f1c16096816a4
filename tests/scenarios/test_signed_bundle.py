"""`--require-signed`: only a bundle that the owner of one key signed is opened."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fixtures.command import Cli, complaint
from fixtures.noise import clip

import edge
from edge.bundle import Bundle, default_bundle
from edge.errors import DOCTOR, BundleError, ConfigError
from export.bundle.sign import make_keys, sign
from export.cli import main as export_main


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one key pair, and `other/` with another."""
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder)
    make_keys(folder / "other")
    return folder


@pytest.fixture
def signed(tmp_path: Path, keys: Path) -> Path:
    bundle = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    sign(bundle, keys / "private.pem")
    return bundle


def test_a_signed_bundle_runs_and_an_unsigned_one_is_refused_everywhere(
    cli: Cli, signed: Path, keys: Path, tmp_path: Path
) -> None:
    asked = ["--bundle", str(signed), "--require-signed", str(keys / "public.pem")]
    film = str(clip(tmp_path / "clip.mkv"))
    recorded = str(tmp_path / "recorded")
    assert cli("run", "--file", film, "--record", recorded, *asked)[0] == 0
    assert cli("replay", recorded, "--check", *asked)[0] == 0
    (signed / "manifest.sig").unlink()
    complaint(cli("run", "--file", film, *asked), str(signed), "is not signed")
    complaint(cli("replay", recorded, *asked), str(signed), "is not signed")
    complaint(cli("bench", "--seconds", "2", "--offline", *asked), "is not signed")
    code, out, _ = cli("doctor", "--no-capture", *asked)
    assert code == 1 and "is not signed" in " ".join(out.split())
    assert cli("run", "--file", film, "--bundle", str(signed))[0] == 0


def test_the_key_may_be_named_in_the_configuration(
    cli: Cli, signed: Path, keys: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"bundle: {signed}\nrequire_signed: {keys / 'other' / 'public.pem'}\n")
    told = cli("run", "--config", str(config), "--file", str(clip(tmp_path / "clip.mkv")))
    complaint(told, "manifest.sig", "another key signed it")


def test_a_program_may_require_it(signed: Path, keys: Path) -> None:
    public = keys / "other" / "public.pem"
    with pytest.raises(BundleError, match="another key signed it"):
        edge.open(file="clip.mkv", bundle=signed, settings={"require_signed": str(public)})
    with pytest.raises(BundleError, match="another key signed it"):
        edge.Session(bundle=signed, asr="none", require_signed=public)
    with pytest.raises(ConfigError, match="require_signed is 5"):
        edge.Session(bundle=signed, asr="none", require_signed=5)  # type: ignore[arg-type]
    edge.Session(bundle=signed, asr="none", require_signed=keys / "public.pem").close()


def a_space_more(bundle: Path) -> None:
    """The same JSON: the manifest still loads."""
    with (bundle / "manifest.json").open("ab") as file:
        file.write(b" ")


def cut(bundle: Path) -> None:
    (bundle / "manifest.sig").write_bytes((bundle / "manifest.sig").read_bytes()[:-1])


def longer(bundle: Path) -> None:
    with (bundle / "manifest.sig").open("ab") as file:
        file.write(b"\n")


def a_link_out(bundle: Path) -> None:
    (bundle / "manifest.sig").rename(bundle.parent / "elsewhere.sig")
    (bundle / "manifest.sig").symlink_to(bundle.parent / "elsewhere.sig")


def a_fifo(bundle: Path) -> None:
    (bundle / "manifest.sig").unlink()
    os.mkfifo(bundle / "manifest.sig")


def an_altered_graph(bundle: Path) -> None:
    with (bundle / "fusion.onnx").open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (a_space_more, "or the manifest was changed afterwards"),
        (cut, "is not a signature of 64 bytes"),
        (longer, "is not a signature of 64 bytes"),
        (a_link_out, "is a link to a file outside"),
        (a_fifo, "is not a file"),
        (an_altered_graph, "its SHA-256 differs"),
    ],
)
def test_what_was_changed_after_signing_is_refused(
    change: Callable[[Path], None], told: str, signed: Path, keys: Path
) -> None:
    Bundle.load(signed, keys / "public.pem")
    change(signed)
    with pytest.raises(BundleError, match=told):
        Bundle.load(signed, keys / "public.pem")


def of_another_kind(path: Path) -> None:
    key = generate_private_key(SECP256R1()).public_key()
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: os.mkfifo(path), "is not a file"),
        (lambda path: path.write_bytes(b""), "is not an Ed25519 public key"),
        (lambda path: path.write_bytes(bytes(10**6)), "is not an Ed25519 public key"),
        (of_another_kind, "is not an Ed25519 public key"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(
    write: Callable[[Path], object], told: str, signed: Path, tmp_path: Path
) -> None:
    write(tmp_path / "key.pem")
    with pytest.raises(BundleError, match=told):
        Bundle.load(signed, tmp_path / "key.pem")


def test_the_private_key_is_not_taken_for_the_public_one(signed: Path, keys: Path) -> None:
    with pytest.raises(BundleError, match="is not an Ed25519 public key"):
        Bundle.load(signed, keys / "private.pem")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            "from edge.cli import main; import sys; sys.argv = ['cdat-edge', 'run', '--file', 'x',"
            " '--require-signed', 'k']; main()",
            "cdat-edge: Signatures need the package cryptography, which is not installed: pip"
            f" install 'cdat-edge[signing]'; {DOCTOR}.",
        ),
        (
            "from export.cli import main; main(['keys', 'k'])",
            "cdat-export: Making keys needs the package cryptography, which is not installed: pip"
            " install 'cdat-edge[signing]'.",
        ),
    ],
)
def test_without_the_extra_it_is_named(call: str, told: str, tmp_path: Path) -> None:
    program = f"import sys; sys.modules['cryptography'] = None; {call}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (1, told)


def test_keys_and_signing_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    keys = tmp_path / "keys"

    def export(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            export_main(list(arguments))
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    assert export("keys", str(keys))[0] == 0
    assert stat.S_IMODE((keys / "private.pem").stat().st_mode) == 0o600
    before = (keys / "private.pem").read_bytes()
    code, told = export("keys", str(keys))
    assert code == 1 and "private.pem exists" in told
    assert (keys / "private.pem").read_bytes() == before
    assert export("sign", str(bundle), "--key", str(keys / "private.pem"))[0] == 0
    Bundle.load(bundle, keys / "public.pem")
    code, told = export("sign", str(bundle), "--key", str(keys / "public.pem"))
    assert code == 1 and "is not an Ed25519 private key" in told
    an_altered_graph(bundle)
    code, told = export("sign", str(bundle), "--key", str(keys / "private.pem"))
    assert code == 1 and "SHA-256" in told
    assert not [path for path in bundle.iterdir() if path.name.startswith(".")]
