"""Extraction on a real Ray: the same corpus, whatever is killed on the way."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pysubs2")
pytest.importorskip("ray")

from fixtures.media import write_clip
from fixtures.waiting import eventually

from edge.errors import DOCTOR, DataError, EdgeError
from edge.ray_cluster import check_answers
from train.corpora.recorded.corpus import open_recorded
from train.corpora.recorded.on_node import answer_on_node, release
from train.corpora.recorded.on_ray import _outcome
from train.corpora.recorded.ray_failures import failures_told, lost
from train.corpora.recorded.record import Job

REPOSITORY = Path(__file__).parents[4]
HEAD = """
import sys
import ray
ours = ray.init(
    "local", num_cpus=int(sys.argv[2]), include_dashboard=False, log_to_driver=False,
    logging_level="ERROR", object_store_memory=80 * 2**20, _temp_dir=sys.argv[1],
)
print(ours.address_info["gcs_address"], flush=True)
sys.stdin.read()
"""
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex()}
LONG_S = 40
"""Of sound: long enough to be killed in the middle."""
LIMIT_S = 400
"""A Ray takes 10 s to begin on a quiet machine, and begins up to three times in a test."""
# A Ray has a dozen processes, and its first answers must come within its own limits.
pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("media")
    for number in range(4):
        folder = root / ("happy" if number % 2 else "sad")
        folder.mkdir(exist_ok=True)
        write_clip(folder / f"{number}.mp4", 0.4)
    return root


@pytest.fixture
def long_media(media: Path, tmp_path: Path) -> Path:
    shutil.copytree(media, tmp_path / "media")
    sound = {"fps": None, "rate_hz": 16_000, "channels": 1, "codecs": ("mpeg4", "pcm_s16le")}
    write_clip(tmp_path / "media" / "sad" / "long.wav", LONG_S, **sound)  # type: ignore[arg-type]
    return tmp_path / "media"


def _command(media: Path, out: Path, *more: str) -> list[str]:
    made = [sys.executable, "-m", "train", "extract", str(media), "--out", str(out), "--json"]
    return [*made, "--workers", "2", "--asr", "none", "--views", "1", *more]


def _extract(media: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    # Not in the repository: a node would import the packages that lie there.
    return subprocess.run(
        _command(media, out, *more),
        capture_output=True,
        text=True,
        cwd=media,
        timeout=LIMIT_S,
        env={**os.environ, **TOKEN},
    )


def _content(corpus: Path) -> dict[str, bytes]:
    """Every file, byte for byte, but for the clock of the run that made it."""
    found = {}
    for path in sorted(path for path in corpus.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name == "session.json":
            content = json.dumps({**json.loads(content), "start_ns": 0}).encode()
        elif path.name == "events.jsonl":
            timed = (b'{"kind":"step"', b'{"kind":"verdict"')
            content = b"".join(
                line for line in content.splitlines(True) if not line.startswith(timed)
            )
        found[str(path.relative_to(corpus))] = content
    return found


def _family(process: int) -> set[int]:
    """A process with all that descend from it."""
    found = {process}
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        for child in path.read_text().split():
            found |= _family(int(child))
    return found


def _title(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def _ended(process: int) -> bool:
    """Also one that its new parent has not buried yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
    except FileNotFoundError:
        return True


def _writer(unfinished: Path, among: set[int]) -> int | None:
    """The process that has a file of this folder open."""
    for process in among:
        for opened in Path(f"/proc/{process}/fd").glob("*"):
            try:
                if opened.resolve().parent == unfinished:
                    return process
            except OSError:
                continue
    return None


@contextmanager
def _running_ray(environment: dict[str, str], processors: int = 2) -> Iterator[str]:
    """A Ray, which `TOKEN` admits to, and its address."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, folder, str(processors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **TOKEN, **environment},
        )
        assert head.stdin is not None and head.stdout is not None
        try:
            yield head.stdout.readline().strip()
            assert head.poll() is None
        finally:
            head.stdin.close()
            head.wait(60)
            head.stdout.close()


@pytest.mark.slow
def test_ray_gives_the_corpus_of_one_process_and_ends(media: Path, tmp_path: Path) -> None:
    one = _extract(media, tmp_path / "one" / "corpus", "--workers", "1")
    with subprocess.Popen(
        _command(media, tmp_path / "ray" / "corpus", "--ray", "auto"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=media,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        family = _family(process.pid)
        lines = [first, *process.stderr]
    assert one.returncode == process.returncode == 0
    # Ray has not a line of its own on the terminal. On a busy machine it takes long to begin.
    lines = [line for line in lines if not line.startswith("No file is in work for ")]
    assert len(lines) == 4 and all(line.endswith(": recorded\n") for line in lines), lines
    content = _content(tmp_path / "one" / "corpus")
    assert _content(tmp_path / "ray" / "corpus") == content and len(content) > 8 * 4
    assert len(family) > 3
    eventually(lambda: all(_ended(process) for process in family))


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [1, 3])
def test_a_killed_process_is_replaced_and_its_file_tried_three_times(
    long_media: Path, tmp_path: Path, deaths: int
) -> None:
    recordings = tmp_path / "out" / "corpus" / "recordings"
    command = _command(long_media, tmp_path / "out" / "corpus", "--ray", "auto")
    killed: set[int] = set()

    def kill() -> None:
        while len(killed) < deaths and process.poll() is None:
            for unfinished in recordings.glob(".sad_long-*"):
                writer = _writer(unfinished, _family(process.pid) - killed)
                if writer is not None and len(killed) < deaths:
                    os.kill(writer, signal.SIGKILL)
                    killed.add(writer)
            time.sleep(0.02)

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=long_media
    ) as process:
        killer = threading.Thread(target=kill)
        killer.start()
        told, _ = process.communicate(timeout=LIMIT_S)
        killer.join()
    assert process.returncode == 0 and len(killed) == deaths
    summary = json.loads(told)
    assert not list(recordings.glob(".*"))
    if deaths == 3:
        reason = "the process that read it ended in each of 3 tries"
        assert summary["left_out"] == {reason: 1} and summary["files"] == 4
    else:
        assert summary["left_out"] == {} and summary["files"] == 5
        _extract(long_media, tmp_path / "one" / "corpus", "--workers", "1")
        assert _content(recordings.parent) == _content(tmp_path / "one" / "corpus")


@pytest.mark.slow
def test_a_killed_command_ends_its_ray_and_is_resumed(long_media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "corpus"
    command = _command(long_media, out, "--ray", "auto")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=long_media) as process:
        eventually(lambda: list((out / "recordings").glob("[!.]*.1")), LIMIT_S)
        # Ray's two agents of a node ask a killed Ray for a minute before they end.
        family = {pid for pid in _family(process.pid) if b"Agent" not in _title(pid)}
        process.kill()
    eventually(lambda: all(_ended(process) for process in family), 120)
    complete = {path.name: path.stat().st_ino for path in (out / "recordings").glob("[!.]*")}
    assert complete
    again = _extract(long_media, out, "--ray", "auto")
    assert again.returncode == 0, again.stderr
    after = {path.name: path.stat().st_ino for path in (out / "recordings").iterdir()}
    assert complete.items() <= after.items() and len(after) == 10
    assert json.loads(again.stdout)["resumed"] >= 1
    _extract(long_media, tmp_path / "one" / "corpus", "--workers", "1")
    assert _content(out) == _content(tmp_path / "one" / "corpus")


@pytest.mark.slow
def test_a_running_ray_is_joined_and_left_running(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _running_ray({}) as address:
        for resumed in (0, 4):
            done = _extract(media, tmp_path / "corpus", "--ray", address)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["resumed"] == resumed
        monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
        with pytest.raises(EdgeError, match=f"{address} cannot be joined: it wants a token: set "):
            check_answers(address)
    assert len(open_recorded(tmp_path / "corpus").samples) == 4


@pytest.mark.slow
def test_a_cluster_without_a_free_processor_is_told_while_it_is_waited_for(
    media: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from train.cli import main; from train.corpora.recorded import on_ray;"
        " on_ray.QUIET_S = 1.0; main(sys.argv[1:])"
    )
    with _running_ray({}, processors=0) as address:
        arguments = _command(media, tmp_path / "corpus", "--ray", address)[3:]
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stderr=subprocess.PIPE,
            text=True,
            cwd=media,
            env={**os.environ, **TOKEN},
        ) as command:
            assert command.stderr is not None
            told = command.stderr.readline()
            command.send_signal(signal.SIGINT)
            after = command.stderr.read()
    assert told.startswith("No file is in work for 1 s: the cluster has 0 of 0 processors free")
    assert "Traceback" not in after


def test_a_failure_of_ray_is_a_sentence_and_only_a_lost_process_is_tried_again() -> None:
    import ray

    sentence = r"^Ray failed: the node is gone; look whether"
    with pytest.raises(EdgeError, match=sentence), failures_told(ray):
        raise ConnectionError("the node is gone.")
    assert issubclass(ray.exceptions.OwnerDiedError, lost(ray))
    assert not issubclass(ray.exceptions.RuntimeEnvSetupError, lost(ray))


@pytest.mark.slow
def test_a_node_with_other_front_ends_is_refused_by_name(media: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "edge"
    shutil.copytree(REPOSITORY / "edge", other, ignore=shutil.ignore_patterns("assets"))
    (other / "assets").symlink_to(REPOSITORY / "edge" / "assets")
    text = other / "frontends" / "text.py"
    changed = text.read_text().replace("words: int = 40", "words: int = 39")
    assert changed != text.read_text()
    text.write_text(changed)
    with _running_ray({"PYTHONPATH": str(other.parent)}) as address:
        done = _extract(media, tmp_path / "corpus", "--ray", address)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cdat-train: The node {socket.gethostname()} has other front ")
    assert done.stderr.endswith("install the same release on every node.\n")
    assert not list((tmp_path / "corpus" / "recordings").iterdir())


def test_a_node_that_does_not_share_the_folders_is_refused_by_name(
    media: Path, tmp_path: Path
) -> None:
    clip = str(media / "sad" / "0.mp4")
    job = Job(file=clip, recordings=str(tmp_path), name="0", asr="none", views=0, seed=0)
    node = socket.gethostname()
    (mark := tmp_path / ".seen").touch()
    absent = answer_on_node(job.model_dump(), release(), str(tmp_path / "gone" / ".seen"))
    with pytest.raises(EdgeError, match=rf"{node} does not see the folder .*gone of this mach"):
        _outcome(job, absent)
    unseen = answer_on_node({**job.model_dump(), "file": "/gone.mp4"}, release(), str(mark))
    assert _outcome(job.model_copy(update={"file": "/gone.mp4"}), dict(unseen)).reason
    with pytest.raises(DataError, match=rf"The node {node} does not see {clip}: the files must"):
        _outcome(job, unseen)


@pytest.mark.slow
def test_a_ray_that_does_not_answer_is_one_sentence(media: Path, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        done = _extract(media, tmp_path / "corpus", "--ray", address)
        assert done.returncode == 1 and not (tmp_path / "corpus").exists()
        (sentence,) = done.stderr.splitlines()
        assert sentence.startswith(f"cdat-train: No Ray answers at {address}: Connection refused;")
        silent.listen()
        for one in (address, f"ray://{address}"):
            with pytest.raises(EdgeError, match=f"No Ray answers at {one} within 3 s; check that"):
                check_answers(one, limit_s=3)
    with pytest.raises(EdgeError, match="--ray ray://head is not an address: give HOST:PORT or"):
        check_answers("ray://head")


@pytest.mark.slow
@pytest.mark.parametrize("option", [[], ["--ray", "auto"]])
def test_ray_is_loaded_for_its_option_alone(media: Path, tmp_path: Path, option: list[str]) -> None:
    code = "import sys; sys.modules['ray'] = None\nfrom train.cli import main; main(sys.argv[1:])"
    arguments = _command(media, tmp_path / "corpus", *option)[3:]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=media
    )
    if option:
        assert done.stderr == (
            "cdat-train: --ray needs the package ray, which is not installed: pip install"
            f" 'cdat-edge[ray]'; {DOCTOR}.\n"
        )
    else:
        assert done.returncode == 0, done.stderr
