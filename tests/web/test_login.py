"""The key: for programs in a header, for browsers a cookie that is made with it."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest
from browsers import need_browser
from browsing import chromium
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from raw_server import answer, serving
from serving import served

from horses_scrapy.web.app import create_app
from horses_scrapy.web.guard.gate import AGAIN
from horses_scrapy.web.guard.key import COOKIE, DAYS, Keys
from horses_scrapy.web.pages.login import local

KEY = "correct-horse-battery-staple"
RACES = "/api/v1/races"
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def keyed(house_of):
    house = house_of(API_KEY=KEY)
    house.client.follow_redirects = False
    return house


def log_in(house, key=KEY, **form):
    return house.client.post("/login", data={"key": key, **form}, headers={"Sec-Fetch-Site": "same-origin"})


def handed_out(got):
    """The cookie that an answer sets."""
    cookies = SimpleCookie()
    for line in got.headers.get_list("set-cookie"):
        cookies.load(line)
    return cookies[COOKIE]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {KEY}", 200),
        (f"bearer  {KEY} ", 200),
        (None, 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        (f"Bearer {KEY}x", 401),
        (f"Bearer {KEY[:-1]}", 401),
        (f"Bearer {KEY.upper()}", 401),
        (f"Basic {KEY}", 401),
        (KEY, 401),
        ("Bearer \xff\xfe", 401),
    ],
)
def test_a_program_gives_the_key_in_a_header(keyed, header, status):
    given = {} if header is None else {"Authorization": header.encode("latin-1")}
    got = keyed.get(RACES, status, headers=given)
    if status == 401:
        assert got.json()["error"]["code"] == "unauthorized"
        assert got.headers["www-authenticate"].startswith("Bearer")
        assert KEY not in got.text


def test_a_key_of_other_letters_than_ours(house_of):
    house = house_of(API_KEY="Schlüssel-für-das-Brett")
    house.get(RACES, 401, headers={"Authorization": "Bearer Schluessel"})
    house.get(RACES, headers={"Authorization": "Bearer Schlüssel-für-das-Brett".encode()})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/static/base.css", 200),
        ("/login", 200),
        ("/mute/nonsense", 404),
        ("/", 303),
        ("/races/1", 303),
        ("/docs", 303),
        ("/nothing", 303),
        ("/logout", 303),
        ("/static", 303),
        (RACES, 401),
        ("/api/v1/openapi.json", 401),
        ("/api/v1/stream", 401),
        ("/api/v1/nothing", 401),
        ("/metrics", 401),
    ],
)
def test_what_opens_without_the_key(keyed, path, status):
    assert keyed.client.get(path).status_code == status


def test_without_a_key_nothing_is_asked(house):
    house.client.follow_redirects = False
    assert house.get("/login", 303).headers["location"] == "/"
    assert log_in(house, "anything").headers["location"] == "/"
    house.get(RACES)


def test_from_a_page_through_the_form_and_back_to_it(keyed):
    page = keyed.get("/alerts?track=demo&limit=5", 303).headers["location"]
    assert urlsplit(page).path == "/login"
    (wanted,) = parse_qs(urlsplit(page).query)["next"]
    form = keyed.get(page)
    assert 'value="/alerts?track=demo&amp;limit=5"' in form.text
    assert form.headers["cache-control"] == "no-store"
    got = log_in(keyed, next=wanted)
    assert (got.status_code, got.headers["location"]) == (303, "/alerts?track=demo&limit=5")
    cookie = handed_out(got)
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert int(cookie["max-age"]) == DAYS * 86_400
    assert not cookie["secure"]
    assert KEY not in cookie.value
    keyed.get("/docs")
    keyed.get(RACES)
    assert keyed.get("/login", 303).headers["location"] == "/"


def test_out_again(keyed):
    log_in(keyed)
    assert "/logout" in keyed.get("/logout").text
    keyed.get(RACES)  # looking at the page ends nothing
    assert keyed.client.post("/logout").headers["location"] == "/login"
    keyed.get(RACES, 401)


def test_another_key_opens_nothing_and_ends_all_sessions(keyed, house_of):
    got = log_in(keyed, KEY + "x")
    assert got.status_code == 403
    assert "That is not the key" in got.text
    assert "set-cookie" not in got.headers
    cookie = handed_out(log_in(keyed)).value
    changed = house_of(API_KEY=KEY + "-another")
    changed.get(RACES, 401, headers={"Cookie": f"{COOKIE}={cookie}"})


@pytest.mark.parametrize("forged", ["", "x", "x.y.z", "a.b", "é.é.é", KEY, '"', "x" * 3000])
def test_a_forged_cookie_is_none(keyed, forged):
    keyed.get(RACES, 401, headers={"Cookie": f"{COOKIE}={forged}".encode()})


def test_a_cookie_is_bound_to_its_letters_and_ends(monkeypatch):
    keys = Keys(KEY)
    cookie = keys.session()
    scope = {"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]}
    assert cookie.startswith(keys.who(scope))
    changed = cookie.replace(cookie[0], "A" if cookie[0] != "A" else "B", 1)
    assert keys.who({"type": "http", "headers": [(b"cookie", f"{COOKIE}={changed}".encode())]}) is None
    now = TimestampSigner.get_timestamp(TimestampSigner(KEY))
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now + DAYS * 86_400 - 5)
    assert keys.who(scope) is not None
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: now + DAYS * 86_400 + 5)
    assert keys.who(scope) is None


@pytest.mark.parametrize(
    ("environ", "headers", "secure"),
    [
        ({}, {}, False),
        ({"HORSES_API__PUBLIC_URL": "https://board.example"}, {}, True),
        ({"HORSES_API__PUBLIC_URL": "http://nas.home:5000"}, {}, False),
        ({"HORSES_API__TRUSTED_PROXIES": "testclient"}, {"X-Forwarded-Proto": "https"}, True),
        ({}, {"X-Forwarded-Proto": "https"}, False),
    ],
)
def test_by_https_the_cookie_stays_with_https(house_of, environ, headers, secure):
    client = house_of(API_KEY=KEY, **environ).client
    got = client.post("/login", data={"key": KEY}, headers=headers, follow_redirects=False)
    assert bool(handed_out(got)["secure"]) is secure


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/races/12?x=1#top", "/races/12?x=1#top"),
        ("/alerts?track=München", "/alerts?track=München"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("/\t/elsewhere.example", "/"),
        ("/x\\..\\y", "/"),
        ("\\\\elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("races", "/"),
        ("", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
    ],
)
def test_after_the_login_only_a_page_of_ours_comes(keyed, wanted, to):
    assert local(wanted) == to
    location = log_in(keyed, next=wanted).headers["location"]
    assert urlsplit(location)[:2] == ("", "")
    assert not location.startswith(("//", "/\\"))


def test_guessing_is_slow(keyed):
    guesses = [log_in(keyed, f"guess {number}").status_code for number in range(7)]
    assert guesses == [403] * 5 + [429] * 2
    refused = log_in(keyed)
    assert refused.status_code == 429  # the right one waits too: else it would tell
    assert int(refused.headers["retry-after"]) >= 1
    keyed.get("/login")  # the form is no guess


def test_a_link_in_a_mail_finds_who_is_logged_in(keyed):
    """A browser sends no strict cookie with it: a page of ours that leads to itself does."""
    cookie = handed_out(log_in(keyed)).value
    mail = TestClient(keyed.app, base_url="http://127.0.0.1:5000", follow_redirects=False)
    first = mail.get("/docs", headers=LINK)
    assert (first.status_code, first.content) == (200, AGAIN)
    assert first.headers["cache-control"] == "no-store"
    second = mail.get("/docs", headers={**LINK, "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={cookie}"})
    assert "<h1>API</h1>" in second.text


def test_a_link_does_not_lead_round_in_a_circle(keyed):
    again = {**LINK, "Sec-Fetch-Site": "same-origin"}
    assert keyed.get("/docs", 303, headers=again).headers["location"] == "/login?next=%2Fdocs"


def test_a_script_of_a_page_is_told_that_the_session_ended(keyed):
    """Followed, a redirect would put the login form into the page."""
    got = keyed.get("/races/1", 401, headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
    assert "set-cookie" not in got.headers


def test_each_session_has_its_own_bucket(house_of):
    house = house_of(API_KEY=KEY, HORSES_API__BURST="4", HORSES_API__REQUESTS_PER_SECOND="0.01")
    house.client.follow_redirects = False
    for _ in range(2):  # a household behind one address
        log_in(house)
        assert [house.client.get(RACES).status_code for _ in range(5)] == [200] * 4 + [429]
        house.client.cookies.clear()


def test_what_is_wrong_with_a_form_is_told_without_what_was_typed(keyed):
    got = log_in(keyed, "s3cret" * 300)
    assert got.status_code == 400
    assert "key" in got.text
    assert "s3cret" not in got.text


def test_in_a_real_browser_a_link_of_elsewhere_leads_to_the_page(house_of):
    """That the second request is called same-origin, and brings the cookie, is the browser's word."""
    need_browser()
    house = house_of(API_KEY=KEY)
    app = create_app(house.settings, house.clock, house.store)
    with served(app) as url, chromium() as browser, serving({}) as elsewhere:
        link = f'<a href="{url}/docs">Open</a>'.encode()
        elsewhere.routes["/mail"] = [answer(200, link, Content_Type="text/html")]
        mail = f"http://localhost:{elsewhere.port}/mail"  # another site than 127.0.0.1
        page = browser.new_page()
        page.goto(mail)
        page.click("text=Open")
        page.fill("#key", KEY)
        page.click("button")
        assert page.inner_text("h1") == "API"
        page.goto(mail)
        page.click("text=Open")
        page.wait_for_selector("h1")
        assert (page.url, page.inner_text("h1")) == (f"{url}/docs", "API")
