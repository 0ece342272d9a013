"""The site over real HTTP on loopback, well behaved and not."""

import datetime as dt
import http.client
import json
import socket
import threading
from contextlib import contextmanager

import pytest
import requests
from scrapy.http import HtmlResponse

from horses_scrapy.clock import Clock
from horses_scrapy.errors import Blocked, ConfigError, EmptyResponse, NoCard, ParseError
from horses_scrapy.simulator.faults import Faults, Rule
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.site import Server
from horses_scrapy.sources import demo_pages
from horses_scrapy.track_spider import Visit

DATE = "2026-05-02"
CARD = f"/card/{DATE}"
ODDS = f"/race/{DATE}/2/odds"
WAIT = 20


class StoppedClock(Clock):
    """Stands seven minutes into the card."""

    def now_ms(self):
        return 1_777_739_820_000


@contextmanager
def serving(ledger, rules=(), log=None):
    server = Server(ledger, StoppedClock(), 0, log=log, rules=Faults(rules))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site():
    with serving(Ledger(Plan(seed=7, start=dt.datetime(2026, 5, 2, 16, 30, tzinfo=dt.UTC)))) as server:
        yield server


def get(server, path, **options):
    return requests.get(server.url + path, timeout=WAIT, **options)


def test_the_clock_of_these_tests_stands_within_the_card(ledger):
    assert ledger.plan.start < StoppedClock().now() < ledger.race(1).race.times.post


@pytest.mark.parametrize(
    "path",
    [CARD, *(f"/race/{DATE}/{n}/{page}" for n in (1, 2, 3) for page in ("entries", "odds", "exacta", "results"))],
)
def test_pages_are_html_and_name_their_meeting(site, path):
    answer = get(site, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Synthetic Downs" in answer.text
    assert "DMO" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/race/2026-05-03/1/odds",
        f"/race/{DATE}/4/odds",
        f"/race/{DATE}/1/will-pays",
        "/card/2026-13-01",
        "/card/",
        "/x",
        f"/race/{DATE}/1/odds/",
    ],
)
def test_what_the_site_does_not_have(site, path):
    assert get(site, path).status_code == 404


def test_another_day_has_no_racing(site, track):
    answer = get(site, "/card/2026-05-03")
    page = HtmlResponse(answer.url, body=answer.content, encoding="utf-8")
    with pytest.raises(NoCard, match="No racing"):
        list(demo_pages.parse_card(page, Visit(track, dt.date(2026, 5, 3), StoppedClock().now())))


def test_the_front_door_leads_to_the_card(site):
    assert get(site, "/").url == site.url + CARD


def test_robots_allow_the_race_pages(site):
    answer = get(site, "/robots.txt")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "Disallow: /_faults" in answer.text
    assert "Disallow: /race" not in answer.text


def test_a_coupled_entry_is_one_line_with_both_names(site, ledger):
    race = ledger.race(2).race
    assert race.horses("1").count(" / ") == 1
    assert race.horses("1").replace("'", "&#39;") in get(site, ODDS).text


def test_the_server_is_on_loopback_only(site):
    assert site.server_address[0] == "127.0.0.1"


def test_a_taken_port_is_named(site, ledger):
    taken = site.server_address[1]
    with pytest.raises(ConfigError, match=f"port {taken} .*--port"):
        Server(ledger, StoppedClock(), taken, log=None, rules=Faults())


def parsed(answer, track):
    page = HtmlResponse(answer.url, body=answer.content, encoding="utf-8")
    visit = Visit(track, dt.date(2026, 5, 2), StoppedClock().now())
    return list(demo_pages.parse_card(page, visit))


@pytest.mark.parametrize(("kind", "status"), [("403", 403), ("429", 429), ("500", 500)])
def test_refusals(ledger, kind, status):
    with serving(ledger, [Rule(path="/card/*", kind=kind, count=1, retry_after=9)]) as server:
        refused, served = get(server, CARD), get(server, CARD)
    assert (refused.status_code, served.status_code) == (status, 200)
    assert refused.headers.get("Retry-After") == ("9" if kind == "429" else None)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("empty", EmptyResponse),
        ("login", Blocked),
        ("html_garbage", ParseError),
        ("wrong_meeting", ParseError),
        ("swapped_columns", ParseError),
    ],
)
def test_lies_that_come_with_status_200(ledger, track, kind, error):
    path = f"/race/{DATE}/2/entries"
    with serving(ledger, [Rule(path=path, kind=kind)]) as server:
        answer = get(server, path)
        card = parsed(get(server, CARD), track)
    assert answer.status_code == 200
    page = HtmlResponse(answer.url, body=answer.content, encoding="utf-8")
    with pytest.raises(error):
        demo_pages.parse_entries(page, Visit(track, dt.date(2026, 5, 2), StoppedClock().now()), card[1])


def test_a_login_is_a_redirect(ledger):
    with serving(ledger, [Rule(path="/card/*", kind="login")]) as server:
        answer = get(server, CARD, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_truncated_page_breaks_off(ledger):
    with serving(ledger, [Rule(path=CARD, kind="truncated", count=1)]) as server:
        connection = http.client.HTTPConnection(*server.server_address, timeout=WAIT)
        connection.request("GET", CARD)
        with pytest.raises(http.client.IncompleteRead) as broken:
            connection.getresponse().read()
        connection.close()
        assert get(server, CARD).text.startswith(broken.value.partial.decode())


def test_a_slow_page_comes_whole(ledger):
    with serving(ledger, [Rule(path=CARD, kind="slow", count=1, seconds=0.2)]) as server:
        assert get(server, CARD).text == get(server, CARD).text


def test_a_silent_server_says_nothing_until_it_stops(ledger):
    with serving(ledger, [Rule(path=CARD, kind="timeout")]) as server:
        with socket.create_connection(server.server_address, timeout=0.3) as connection:
            connection.sendall(f"GET {CARD} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert get(server, ODDS).status_code == 200


def test_a_reader_that_leaves_is_no_fault(ledger, capfd):
    with serving(ledger, [Rule(path=CARD, kind="slow", seconds=0.4)]) as server:
        with socket.create_connection(server.server_address, timeout=WAIT) as connection:
            connection.sendall(f"GET {CARD} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            connection.recv(10)
        assert get(server, CARD).status_code == 200
    assert capfd.readouterr().err == ""


def test_misbehaviour_by_remote_control(ledger):
    with serving(ledger) as server:
        control = f"{server.url}/_faults"
        told = requests.post(control, json=[{"path": "/card/*", "kind": "500"}], timeout=WAIT)
        assert (told.status_code, get(server, CARD).status_code) == (204, 500)
        bad = requests.post(control, json=[{"path": "/card/*", "kind": "teapot"}], timeout=WAIT)
        assert (bad.status_code, "0.kind" in bad.text) == (400, True)
        assert get(server, CARD).status_code == 500
        requests.post(control, json=[], timeout=WAIT)
        assert get(server, CARD).status_code == 200
        assert requests.post(f"{server.url}/card", json=[], timeout=WAIT).status_code == 404


def test_the_access_log_says_what_was_shown(ledger, tmp_path):
    log = tmp_path / "access.jsonl"
    with serving(ledger, [Rule(path="/card/*", kind="403")], log) as server:
        for path in (ODDS, f"/race/{DATE}/3/odds", "/robots.txt", CARD):
            get(server, path)
    plan, *served = map(json.loads, log.read_text().splitlines())
    assert Plan.from_json(plan["plan"]) == ledger.plan
    assert [(line["path"], line["status"], line["race"], line["board"], line.get("fault")) for line in served] == [
        (ODDS, 200, 2, ledger.board_at(2, StoppedClock().now()).number, None),
        (f"/race/{DATE}/3/odds", 200, 3, ledger.board_at(3, StoppedClock().now()).number, None),
        ("/robots.txt", 200, None, None, None),
        (CARD, 403, None, None, "403"),
    ]
    assert {line["clock"] for line in served} == {"2026-05-02T16:37:00.000+00:00"}
    assert all(line["real"] > 1_700_000_000 for line in served)
