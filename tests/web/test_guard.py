"""What every request passes: size, shape, name, bucket; and how errors are put."""

import logging
import re

import pytest
from sqlalchemy import text

from horses_scrapy.web.guard.bucket import Buckets, address_of

RACES = "/api/v1/races"
TOLD = (
    "content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "permissions-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy",
)  # fmt: skip


def error(answer):
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message"}
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "told"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found", "nothing here"),
        ("GET", "/api/v1/races/", 404, "not_found", "nothing here"),
        ("GET", "/api/v1/races/999999", 404, "not_found", ""),
        ("GET", "/api/v1/races/0", 400, "bad_request", "race_id"),
        ("GET", "/api/v1/races/1;DROP TABLE race", 400, "bad_request", "race_id"),
        ("GET", "/api/v1/races?limit=many", 400, "bad_request", "query limit"),
        ("GET", "/api/v1/races?track=%00", 400, "bad_request", "NUL"),
        ("GET", "/api/v1/races/%00", 400, "bad_request", "NUL"),
        ("GET", f"/api/v1/races?track={'x' * 5000}", 414, "address_too_long", "4096"),
        ("DELETE", "/api/v1/races", 405, "method_not_allowed", ""),
        ("TRACE", "/api/v1/races", 405, "method_not_allowed", ""),
        ("PUT", "/api/v1/races/1", 405, "method_not_allowed", ""),
        ("POST", "/api/v1/races", 405, "method_not_allowed", ""),
    ],
)
def test_an_error_is_json_with_its_status(house, method, path, status, code, told):
    answer = house.client.request(method, path)
    assert answer.status_code == status
    put = error(answer)
    assert put["code"] == code
    assert told in put["message"]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nothing", 404, "nothing here"),
        ("/static/nothing.css", 404, "nothing here"),
        ("/static/../service.py", 404, "nothing here"),
        ("/static/%2e%2e/service.py", 404, "nothing here"),
        ("/races/999999", 404, "there is none"),
        ("/races/x", 400, "race_id"),
        ("/nothing?%00", 400, "NUL"),
    ],
)
def test_for_a_browser_an_error_is_a_page(house, path, status, told):
    answer = house.get(path, status)
    assert answer.headers["content-type"].startswith("text/html")
    assert told in answer.text
    assert '<a class="button" href="/">' in answer.text


@pytest.mark.parametrize("path", ["/api/v1/broken", "/broken"])
def test_what_nobody_expected_shows_an_id_and_stands_once_in_the_log(house, caplog, path):
    async def broken():
        raise ZeroDivisionError("the secret of the house")

    house.app.add_api_route(path, broken)
    answer = house.get(path, 500)
    number = re.search(r"error ([0-9a-f]{8})", answer.text)[1]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert number in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("path", [RACES, "/"])
def test_a_database_that_does_not_answer_is_503_and_its_fault_stands_in_the_log(house, caplog, path):
    with house.store.write() as connection:
        connection.execute(text("ALTER TABLE race RENAME TO elsewhere"))
    answer = house.get(path, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert int(answer.headers["refresh"]) > 0  # a browser asks again by itself
    assert "try again" in answer.text
    assert "no such table" in caplog.text
    for inside in ("no such table", "elsewhere", str(house.store.path)):
        assert inside not in answer.text


@pytest.mark.parametrize("path", [RACES, "/docs", "/login", "/nothing", "/api/v1/nothing", "/static/base.css"])
def test_every_answer_tells_the_browser_what_it_may(house, path):
    headers = house.client.get(path).headers
    for name in TOLD:
        assert len(headers.get_list(name)) == 1, name
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_static_files_are_kept_a_minute_and_then_asked_about(house):
    first = house.get("/static/base.css")
    assert first.headers["cache-control"] == "public, max-age=60, must-revalidate"
    again = house.get("/static/base.css", 304, headers={"If-None-Match": first.headers["etag"]})
    assert again.headers["cache-control"] == first.headers["cache-control"]


@pytest.mark.parametrize(
    "path", [RACES, "/docs", "/static/base.css", "/api/v1/openapi.json", "/healthz", "/api/v1/stream"]
)
def test_head_says_what_get_would(house, path):
    head = house.client.head(path)
    assert head.status_code == 200
    assert head.content == b""
    if path != "/api/v1/stream":  # a get of it does not end
        assert head.headers["content-type"] == house.get(path).headers["content-type"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:5000", 200),
        ("127.0.0.1", 200),
        ("localhost:1234", 200),
        ("[::1]:5000", 200),
        ("LOCALHOST", 200),
        ("board.example", 200),
        ("elsewhere.example", 400),
        ("board.example.elsewhere.example", 400),
        ("127.0.0.1.elsewhere.example:5000", 400),
        ("localhost@elsewhere.example", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
def test_on_loopback_no_other_name_leads_here(house_of, host, status):
    house = house_of(HORSES_API__PUBLIC_URL="https://board.example")
    house.get("/api/v1/races", status, headers={"Host": host})


def test_bound_to_the_network_any_name_leads_here(house_of):
    house = house_of(HORSES_API__HOST="0.0.0.0", API_KEY="k" * 20)
    house.get(RACES, headers={"Host": "nas.home:5000", "Authorization": f"Bearer {'k' * 20}"})


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"key=" + b"x" * 20_000, 413),
        ({"X-Large": "x" * 40_000}, b"key=x", 431),
        ({"Sec-Fetch-Site": "cross-site"}, b"key=x", 403),
        ({"Sec-Fetch-Site": "same-site"}, b"key=x", 403),
        ({"Sec-Fetch-Site": "same-origin"}, b"key=x", 303),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"nonsense", 400),
        ({"Content-Type": "application/json"}, b"{", 303),
    ],
)
def test_a_post_is_small_and_comes_from_our_pages(house, headers, body, status):
    given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = house.client.post("/login", content=body, headers=given, follow_redirects=False)
    assert answer.status_code == status, answer.text


# --- Buckets ----------------------------------------------------------------------------------------------------------


def test_a_bucket_empties_and_fills():
    now = [0.0]
    buckets = Buckets(rate=2, burst=3, now=lambda: now[0])
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]  # what is refused takes nothing
    assert buckets.take("b") == 0
    now[0] = 0.25
    assert buckets.take("a") == 0.25
    now[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 0.5]
    now[0] = 3600
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]  # never fuller than full


def test_of_many_clients_the_longest_unseen_are_forgotten():
    buckets = Buckets(rate=0.001, burst=1, most=3)
    for client in "abc":
        buckets.take(client)
    assert buckets.take("a") > 0  # seen again: b is the longest unseen
    buckets.take("d")
    assert len(buckets) == 3
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix", "unix"),
    ],
)
def test_a_client_is_an_address_or_the_network_that_is_its_own(address, client):
    assert address_of({"client": (address, 1)}) == client


SLOW = {"HORSES_API__BURST": "3", "HORSES_API__REQUESTS_PER_SECOND": "0.1"}


def asked(house, times, path=RACES, **headers):
    return [house.client.get(path, headers=headers).status_code for _ in range(times)]


def test_more_than_the_burst_is_429_with_when_to_come_again(house_of):
    house = house_of(**SLOW)
    assert asked(house, 4) == [200, 200, 200, 429]
    answer = house.get(RACES, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert error(answer)["code"] == "too_many_requests"
    assert house.get("/", 429).headers["content-type"].startswith("text/html")
    assert asked(house, 5, "/static/base.css") == [200] * 5
    assert asked(house, 5, "/healthz") == [200] * 5


def test_only_a_trusted_proxy_says_for_whom_it_asks(house_of):
    trusting, wary = house_of(HORSES_API__TRUSTED_PROXIES="testclient", **SLOW), house_of(**SLOW)
    for client in ("192.0.2.1", "192.0.2.2"):
        forwarded = {"X-Forwarded-For": f"203.0.113.9, {client}"}  # the first is what the client itself claims
        assert asked(trusting, 4, **forwarded) == [200, 200, 200, 429]
    assert asked(wary, 3, **{"X-Forwarded-For": "192.0.2.1"}) == [200] * 3
    assert asked(wary, 1, **{"X-Forwarded-For": "192.0.2.2"}) == [429]


def test_behind_https_the_browser_is_told_to_stay_there(house_of):
    house = house_of(HORSES_API__TRUSTED_PROXIES="testclient")
    assert "strict-transport-security" in house.get(RACES, headers={"X-Forwarded-Proto": "https"}).headers


# --- What browsers and programs are spared ----------------------------------------------------------------------------


def test_pages_of_others_may_ask_only_where_they_are_listed(house_of):
    house = house_of(HORSES_API__ALLOWED_ORIGINS="https://other.example", API_KEY="k" * 20)
    key = {"Authorization": f"Bearer {'k' * 20}"}
    listed, unlisted = {"Origin": "https://other.example"}, {"Origin": "https://elsewhere.example"}
    wish = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    allowed = house.get(RACES, headers={**key, **listed}).headers
    assert allowed["access-control-allow-origin"] == "https://other.example"
    assert "access-control-allow-credentials" not in allowed  # a cookie opens nothing to them
    assert house.client.options(RACES, headers={**listed, **wish}).status_code == 200  # it brings no key
    assert house.client.options(RACES, headers={**unlisted, **wish}).status_code == 400
    assert "access-control-allow-origin" not in house.get(RACES, headers={**key, **unlisted}).headers


def test_by_default_pages_of_others_may_ask_nothing(house):
    headers = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    assert house.client.options(RACES, headers=headers).status_code == 405
    assert "access-control-allow-origin" not in house.get(RACES, headers=headers).headers


def test_large_answers_come_compressed_to_those_who_can_read_that(house):
    packed = house.get("/docs", headers={"Accept-Encoding": "gzip"})
    plain = house.get("/docs", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
