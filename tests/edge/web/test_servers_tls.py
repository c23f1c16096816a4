"""Both servers over TLS, with clients that know the authority and some that do not."""

from __future__ import annotations

import json
import ssl
import warnings
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from fixtures.certificates import Authority
from fixtures.verdicts import verdict
from fixtures.waiting import LIMIT_S, eventually
from websockets.sync.client import connect

from edge.config import DashboardConfig
from edge.dashboard.sink import Dashboard
from edge.sinks.http.sink import HttpOutput
from edge.web import restarts
from edge.web.tls import Tls

TOKEN = "a-token-of-some-length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Tls:
    pair = authority.pair()
    return Tls(pair.certificate, pair.key)


@pytest.fixture(scope="module")
def knowing(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


@pytest.fixture(scope="module")
def output(tls: Tls) -> Iterator[HttpOutput]:
    made = HttpOutput("0.0.0.0:0", TOKEN, 0.25, Counter, lambda *lost: None, print, tls)
    yield made
    made.close()


@pytest.fixture(scope="module")
def dashboard(tls: Tls) -> Iterator[Dashboard]:
    config = DashboardConfig(address="0.0.0.0:0", token=TOKEN)
    about = {"bundle": "test", "device": "CPU", "sources": "none"}
    made = Dashboard(config, about, lambda: None, Counter, print, tls)
    yield made
    made.close()


def reached(url: str) -> str:
    """As a client on this machine reaches a server that listens everywhere."""
    return url.replace("0.0.0.0", "127.0.0.1")


def test_verdicts_over_https_and_wss(output: HttpOutput, knowing: ssl.SSLContext) -> None:
    assert output.url.startswith("https://")
    base = reached(output.url)
    with httpx.Client(verify=knowing, timeout=LIMIT_S, headers=BEARER) as client:
        output.write(verdict(0))
        eventually(lambda: client.get(f"{base}/latest").status_code == 200)
        assert client.get(f"{base}/latest").json() == json.loads(verdict(0).to_json())
        assert httpx.get(f"{base}/latest", verify=knowing).status_code == 403
        url = base.replace("https", "wss") + "/verdicts"
        with connect(url, ssl=knowing, additional_headers=BEARER) as socket:
            eventually(lambda: "cdat_edge_subscribers 1.0" in client.get(f"{base}/metrics").text)
            output.write(verdict(1))
            assert json.loads(socket.recv(LIMIT_S))["seq"] == 1


def test_a_client_that_does_not_trust_gets_nothing(output: HttpOutput) -> None:
    base = reached(output.url)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{base}/latest", headers=BEARER)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(base.replace("https", "wss") + "/verdicts", additional_headers=BEARER)
    with pytest.raises(httpx.RemoteProtocolError):  # in the clear
        httpx.get(base.replace("https", "http") + "/latest", headers=BEARER)


@pytest.mark.parametrize("old", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_an_old_protocol_is_refused(
    output: HttpOutput, authority: Authority, old: ssl.TLSVersion
) -> None:
    client = ssl.create_default_context(cafile=str(authority.file))
    client.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = client.maximum_version = old
    with pytest.raises(httpx.ConnectError):
        httpx.get(reached(output.url), verify=client)


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "eNULL"])
def test_a_weak_cipher_is_refused(output: HttpOutput, authority: Authority, cipher: str) -> None:
    client = ssl.create_default_context(cafile=str(authority.file))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert httpx.get(reached(output.url), verify=client).status_code == 403
    client.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(httpx.ConnectError):
        httpx.get(reached(output.url), verify=client)


def test_a_key_that_is_gone_at_a_restart_is_one_sentence(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(restarts, "IN_A_ROW", 1)
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 0.001)
    pair, notes = authority.pair("renewed"), list[str]()
    tls = Tls(pair.certificate, pair.key)
    output = HttpOutput("127.0.0.1:0", None, 0.25, Counter, lambda *lost: None, notes.append, tls)
    process = output._process
    assert process is not None
    pair.key.unlink()
    process.kill()

    def given_up() -> bool:
        output.write(verdict(0))
        return len(notes) == 2

    eventually(given_up)
    output.close()
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and said.startswith("cdat-edge: --tls-certificate")
    assert "renewed.key was changed during the run and cannot be used: No such file" in said


def test_the_page_over_https_its_cookie_and_its_socket(
    dashboard: Dashboard, knowing: ssl.SSLContext
) -> None:
    assert dashboard.url.startswith("https://")
    url = reached(dashboard.url)
    with httpx.Client(verify=knowing, timeout=LIMIT_S) as client:
        entered = client.get(url)
        cookie = entered.headers["set-cookie"]
        assert entered.status_code == 303 and TOKEN in cookie
        assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
        page = client.get(url.partition("?")[0])
        assert page.status_code == 200 and "cdat-edge" in page.text
    sockets = url.partition("?")[0].replace("https", "wss")
    sockets += "_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    headers = {"Cookie": cookie.partition(";")[0]}
    with connect(sockets, ssl=knowing, additional_headers=headers) as socket:
        assert str(socket.recv(LIMIT_S)).startswith('0{"sid"')
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(url)
