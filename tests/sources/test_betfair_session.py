"""Betfair's session: one login for all jobs, kept alive, refused once, never shown. betfairlightweight against a local server."""

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from betfair_server import BetfairServer, playing
from scrapy.exceptions import DownloadFailedError

from horses_scrapy.errors import Blocked, ConfigError, MissingCredentials, ParseError
from horses_scrapy.sources.betfair_login import Account, client_of
from horses_scrapy.sources.betfair_session import REFUSED_WAIT, forget, open_session

INTERACTIVE = b'{"token":"token-1","product":"key","status":"SUCCESS","error":""}'
KEPT_ALIVE = b'{"token":"token-1","product":"key","status":"SUCCESS","error":""}'
HOUR = 3600


def account(server: BetfairServer, **changes: Any) -> Account:
    made = Account("planted-user", "planted-password", "key", server.url)
    return replace(made, **{"identity_url": f"{server.url}/api", "identity_cert_url": f"{server.url}/cert", **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "betfair_session.json"


def aged(path: Path, seconds: float) -> None:
    kept = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**kept, "since": time.time() - seconds}), "utf-8")


def test_a_login_is_kept_for_the_next_job_in_a_file_that_nobody_else_can_read(path: Path) -> None:
    with playing({"/api/login": INTERACTIVE}) as server:
        first, second = open_session(account(server), path), open_session(account(server), path)
    assert first == second == {"X-Application": "key", "X-Authentication": "token-1"}
    assert server.names() == ["/api/login"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir() if file.suffix != ".lock"] == [path.name]
    assert "planted" not in path.read_text("utf-8")


def test_seven_jobs_log_in_once(path: Path) -> None:
    with playing({"/api/login": INTERACTIVE}) as server, ThreadPoolExecutor(7) as jobs:
        headers = list(jobs.map(lambda _: open_session(account(server), path), range(7)))
    assert server.names() == ["/api/login"]
    assert {one["X-Authentication"] for one in headers} == {"token-1"}


@pytest.mark.parametrize(
    ("age", "asked"),
    [(5 * HOUR, []), (7 * HOUR, ["/api/keepAlive"]), (13 * HOUR, ["/api/login"])],
    ids=["young", "past its half", "past its end"],
)
def test_a_session_is_kept_alive_before_it_expires(path: Path, age: float, asked: list[str]) -> None:
    with playing({"/api/login": INTERACTIVE, "/api/keepAlive": KEPT_ALIVE}) as server:
        open_session(account(server), path)
        server.asked.clear()
        aged(path, age)
        open_session(account(server), path)
        assert server.names() == asked
        open_session(account(server), path)
        assert server.names() == asked  # and the next job finds it renewed


def test_a_session_that_cannot_be_kept_alive_is_made_anew(path: Path) -> None:
    refused = b'{"token":"","product":"key","status":"FAIL","error":"NO_SESSION"}'
    with playing({"/api/login": INTERACTIVE, "/api/keepAlive": refused}) as server:
        open_session(account(server), path)
        aged(path, 7 * HOUR)
        open_session(account(server), path)
    assert server.names() == ["/api/login", "/api/keepAlive", "/api/login"]


def test_a_session_lives_on_while_the_identity_service_is_down(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with playing({"/api/login": INTERACTIVE, "/api/keepAlive": 503}) as server:
        open_session(account(server), path)
        aged(path, 7 * HOUR)
        assert open_session(account(server), path)["X-Authentication"] == "token-1"
    assert "Session not kept alive" in caplog.text


def test_a_refused_login_is_not_tried_again_for_a_quarter_of_an_hour(path: Path) -> None:
    """A wrong password every minute locks the account."""
    failed = b'{"token":"","product":"key","status":"FAIL","error":"INVALID_USERNAME_OR_PASSWORD"}'
    with playing({"/api/login": failed}) as server:
        with pytest.raises(Blocked, match="API login: INVALID_USERNAME_OR_PASSWORD"):
            open_session(account(server), path)
        with pytest.raises(Blocked, match=r"INVALID_USERNAME_OR_PASSWORD; not tried again for \d+ s, or until .*json"):
            open_session(account(server), path)
        assert server.names() == ["/api/login"]
        server.answers["/api/login"] = INTERACTIVE
        aged(path, REFUSED_WAIT + 1)
        assert open_session(account(server), path)["X-Authentication"] == "token-1"


def test_another_account_does_not_take_the_session_over(path: Path) -> None:
    with playing({"/api/login": INTERACTIVE}) as server:
        open_session(account(server), path)
        open_session(account(server, username="somebody-else"), path)
    assert server.names() == ["/api/login", "/api/login"]


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"token": 1}'])
def test_a_file_that_is_not_ours_is_mended_by_a_login(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, "utf-8")
    with playing({"/api/login": INTERACTIVE}) as server:
        assert open_session(account(server), path)["X-Authentication"] == "token-1"


def test_only_the_session_that_the_service_refused_is_forgotten(path: Path) -> None:
    with playing({"/api/login": INTERACTIVE}) as server:
        open_session(account(server), path)
    forget(path, "an older token")
    assert path.exists()
    forget(path, "token-1")
    assert not path.exists()
    forget(path, "token-1")


@pytest.mark.parametrize("whole", [True, False], ids=["a .pem file", "a folder"])
def test_with_certificates_the_login_goes_to_the_other_address(path: Path, tmp_path: Path, whole: bool) -> None:
    (tmp_path / "client.pem").touch()
    certificates = tmp_path / "client.pem" if whole else tmp_path
    with playing({"/cert/certlogin": b'{"sessionToken":"token-2","loginStatus":"SUCCESS"}'}) as server:
        assert open_session(account(server, certificates=certificates), path)["X-Authentication"] == "token-2"
        (asked,) = server.asked
    assert asked.body == "username=planted-user&password=planted-password"
    assert asked.headers["X-Application"] == "key"


def test_a_folder_without_certificates_is_named(path: Path, tmp_path: Path) -> None:
    with playing({}) as server, pytest.raises(MissingCredentials, match=r"auth\.certificates: Certificates not found"):
        open_session(account(server, certificates=tmp_path), path)


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (503, DownloadFailedError, "API login: HTTP 503"),
        (403, Blocked, "API login: HTTP 403"),
        (307, DownloadFailedError, "API login: TooManyRedirects"),
        (b"<html>Log in</html>", ParseError, "the identity service did not answer in JSON"),
        (b'{"token":"","status":"SUCCESS"}', ParseError, "SUCCESS without a session token|did not answer in JSON"),
    ],
)
def test_what_goes_wrong_at_the_login_has_a_name(path: Path, answer: Any, kind: type[Exception], text: str) -> None:
    with playing({"/api/login": answer}) as server, pytest.raises(kind, match=text) as raised:
        open_session(account(server), path)
    assert "planted" not in str(raised.value)
    assert server.names() == ["/api/login"]  # a redirect is not followed: it would carry the password away


def test_a_service_that_is_not_there_is_unavailable(path: Path) -> None:
    with playing({}) as server:
        pass
    with pytest.raises(DownloadFailedError, match="API login: ConnectionError"):
        open_session(account(server), path)


@pytest.mark.parametrize(
    ("base_url", "identity_url", "text"),
    [
        ("http://127.0.0.1:1", None, "does not go with base_url"),
        ("http://127.0.0.1:1", "https://identity.example/api", "does not go with base_url"),
        ("https://api.example", "http://127.0.0.1:1/api", "does not go with base_url"),
        ("https://api.example", "http://identity.example/api", "through https only"),
    ],
)
def test_a_local_server_never_leads_to_the_public_service(base_url: str, identity_url: str | None, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        client_of(Account("user", "password", "key", base_url, identity_url=identity_url))


def test_the_librarys_own_addresses_are_the_default() -> None:
    client = client_of(Account("user", "password", "key", "https://api.betfair.com"))
    assert client.identity_uri == "https://identitysso.betfair.com/api/"
    assert client.identity_cert_uri == "https://identitysso-cert.betfair.com/api/"
    assert (client.session.trust_env, client.session.max_redirects) == (False, 0)
