"""One real crawl against a server that refuses, stalls, breaks off and sends us elsewhere: what reaches the spider."""

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from crawling import ROOT, Completed, crawl, environment, write_config
from raw_server import HANG, RawServer, answer, serving

ROBOTS = b"User-agent: *\nDisallow: /private\n"
HTTP = {
    "requests_per_second": 1000,
    "burst": 1000,
    "timeout": 0.5,
    "retry_attempts": 2,
    "retry_first_wait": 0.05,
    "blocked_wait": 0.0001,  # here each path stands for a site of its own; test_turns.py has the wait
    "contact": "https://example.test/us",
}
OK = answer(200, b"fine")


@dataclass(frozen=True)
class Seen:
    """What reached the spider for each path, what the server was asked, what the log says."""

    found: dict[str, list[str]]
    server: RawServer
    elsewhere: RawServer
    log: str

    def times(self, path: str) -> int:
        return self.server.paths().count(path)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    home = tmp_path_factory.mktemp("politeness")
    routes = {
        "/robots.txt": [answer(200, ROBOTS)],
        "/fine": [OK],
        "/private/odds": [OK],
        **{f"/status/{status}": [answer(status, b"no")] for status in (401, 403, 404, 410, 429, 451, 500, 503)},
        "/wakes": [answer(500), answer(503), OK],
        "/limited": [answer(429, Retry_After="0.5"), answer(429, Retry_After="1"), OK],
        "/hang": [HANG],
        "/cut": [answer(200, b"half", Content_Length="4000")],
        "/cut/once": [answer(200, b"half", Content_Length="4000"), OK],
        "/reset": [b"\r\n"],
        "/huge": [answer(200, b"x" * 5_000_000)],
        "/moved": [answer(302, Location="/fine")],
        "/login": [answer(302, Location="/account/Login.aspx?next=%2Fodds")],
        "/query": [answer(503), OK],
        "/query/no": [answer(403)],
        "/loop": [answer(302, Location="/loop")],
        "/file": [answer(302, Location="file:///etc/hostname")],
    }
    with serving({"/fine": [OK]}) as elsewhere, serving(routes) as server:
        routes["/elsewhere"] = [answer(302, Location=f"{elsewhere.url}/fine")]
        routes["/query/moved"] = [answer(307, Location=f"{elsewhere.url}/fine")]
        routes["/name"] = [answer(302, Location=f"http://localhost:{server.port}/fine")]
        config = write_config(home, server.url, sections={"http": HTTP})
        urls = [server.url + path for path in routes if path != "/robots.txt" and "/query" not in path]
        urls += [f"POST {server.url}/query{path}" for path in ("", "/no", "/moved")] + [f"POST {elsewhere.url}/fine"]
        urls += [f"{elsewhere.url}/fine", f"http://127.0.0.1:{closed_port()}/fine"]
        command = [sys.executable, "-W", "error", str(Path(__file__).with_name("probe.py")), str(home / "out"), *urls]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(config), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        found = json.loads((home / "out").read_text("utf-8"))
        return Seen({url.removeprefix(server.url): what for url, what in found.items()}, server, elsewhere, done.stderr)


@pytest.mark.parametrize(
    ("path", "kind", "words", "times"),
    [
        ("/fine", "came", "200 fine", None),
        ("/moved", "came", "200 fine", 1),
        ("/wakes", "came", "200 fine", 3),
        ("/limited", "came", "200 fine", 3),
        ("/cut/once", "came", "200 fine", 2),
        ("/status/401", "Blocked", "HTTP 401", 1),
        ("/status/403", "Blocked", "HTTP 403", 1),
        ("/status/451", "Blocked", "HTTP 451", 1),
        ("/status/429", "Blocked", "HTTP 429", 3),
        ("/status/404", "HttpError", "", 1),
        ("/status/410", "HttpError", "", 1),
        ("/status/500", "HttpError", "", 3),
        ("/status/503", "HttpError", "", 3),
        ("/hang", "DownloadTimeoutError", "took longer than 0.5", 3),
        ("/cut", "ResponseDataLossError", "", 2),
        ("/reset", "DownloadFailedError", "", 3),
        ("/huge", "DownloadCancelledError", "", 1),
        ("/login", "Blocked", "redirects to a login page", 1),
        ("/elsewhere", "Blocked", "redirects: ", 1),
        ("/name", "Blocked", "redirects: ", 1),
        ("/loop", "IgnoreRequest", "max redirections", 6),
        ("/file", "HttpError", "", 1),
        ("/private/odds", "IgnoreRequest", "robots.txt", 0),
    ],
)
def test_what_reaches_the_spider(seen: Seen, path: str, kind: str, words: str, times: int | None) -> None:
    found = seen.found[path]
    assert found[0] == kind
    assert words in found[1]
    if times is not None:
        assert seen.times(path) == times


def test_another_host_or_port_is_never_asked_whatever_the_request_says(seen: Seen) -> None:
    """Neither by a start request with dont_filter, nor by a redirect, nor for its robots.txt."""
    others = {url: what for url, what in seen.found.items() if re.match(rf"(POST )?(?!{seen.server.url}/)http", url)}
    assert len(others) == 3
    assert {what[0] for what in others.values()} == {"IgnoreRequest"}
    assert all("the host of the track's base_url" in what[1] for what in others.values())
    assert seen.elsewhere.asked == []
    assert "/account/Login.aspx" not in seen.server.paths()


def test_a_query_by_post_is_held_to_the_same(seen: Seen) -> None:
    """Its redirect is a request of its own, and asked again is the whole query."""
    found = {path: seen.found[f"POST {seen.server.url}/query{path}"] for path in ("", "/no", "/moved")}
    assert found[""] == ["came", "200 fine"]
    assert found["/no"][0] == found["/moved"][0] == "Blocked"
    assert "the host of the track's base_url" in found["/moved"][1]
    bodies = [head.partition("\r\n\r\n")[2] for head in seen.server.heads if head.startswith("POST /query HTTP")]
    assert bodies == ['{"query":1}'] * 2


def test_each_wait_is_one_line_that_names_host_status_seconds_and_attempt(seen: Seen) -> None:
    host = re.escape(seen.server.url.removeprefix("http://"))
    limited = rf"Rate limited by {host} \(429\), waiting (\S+) s before retry 2 of 2"
    assert max(float(seconds) for seconds in re.findall(limited, seen.log)) >= 1  # as Retry-After said
    assert re.search(rf"{host} answered 500, waiting 0\.0\d+ s before retry 1 of 2", seen.log)
    assert re.search(rf"{host} failed \(DownloadTimeoutError\), waiting \S+ s before retry 2 of 2", seen.log)


def test_robots_txt_is_asked_once_and_we_say_who_we_are(seen: Seen) -> None:
    assert [target for target in seen.server.asked if target == "/robots.txt"] == ["/robots.txt"]
    assert all("User-Agent: horses_scrapy/0.1 (+https://example.test/us)" in head for head in seen.server.heads)
    assert not any("cookie" in head.lower() for head in seen.server.heads)


def test_nothing_that_runs_python_listens_during_a_crawl(seen: Seen) -> None:
    assert "elnet" not in seen.log.replace("TELNETCONSOLE_ENABLED", "")
    assert "remote_control" not in seen.log


def test_a_public_host_without_a_contact_is_not_asked(tmp_path: Path) -> None:
    done = crawl(tmp_path, "track_awapuni", base_url="https://tote.example", sections={"http": {"contact": ""}})
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "set http.contact" in errors[0]
    assert "tote.example" in errors[0]
    assert "Traceback" not in done.stderr


def test_a_broken_configuration_is_one_clear_line(tmp_path: Path) -> None:
    done = crawl(tmp_path, "track_awapuni", base_url="http://127.0.0.1:9", sections={"http": {"burst": -1}})
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "http.burst" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Completed:
    """A site that answers 403. The mail password is planted where log lines will carry it: in the URL of its pages."""
    page = "/hunter2/affiliates/v1/racing/meetings"
    with serving({page: [answer(403, b"<html>")]}) as server:
        done = crawl(
            tmp_path_factory.mktemp("refused"),
            "track_awapuni",
            "date=2026-02-14",
            base_url=f"{server.url}/hunter2",
            environ={"SMTP_PASSWORD": "hunter2"},
            settings={"LOG_LEVEL": "DEBUG"},
        )
        assert server.paths() == [page]
    return done


def test_a_blocked_crawl_ends_as_one(refused: Completed) -> None:
    assert refused.returncode == 1
    assert "Run 1: blocked: Blocked: HTTP 403" in refused.stderr


def test_the_log_holds_no_secret(refused: Completed) -> None:
    assert "<secret>/affiliates" in refused.stderr
    assert "hunter2" not in refused.stderr
