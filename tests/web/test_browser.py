"""The board in a real browser: its numbers are the database's, a commit is seen, and nothing moves about."""

import datetime as dt
import json
import sys
import time
from contextlib import ExitStack

import pytest
from browsing import LIVE, PHONE, STILL, look_at
from clocked import race_day
from serving import board_of, served
from sqlalchemy import insert, text, update

from horses_scrapy import clock, config, odds
from horses_scrapy.storage import schema
from horses_scrapy.web.app import create_app
from horses_scrapy.web.desk import KEEP_S

SOON = dt.timedelta(seconds=30)
RACE = 2
"""Three minutes to its post."""
SOON_SEEN_S = 1.0
ASKS_AGAIN_MS = 31_000
"""Of a page that is told of nothing (data-refresh)."""


@pytest.fixture
def seen(browser, house):
    with board_of(house) as url, look_at(browser, url) as seen:
        yield seen


@pytest.fixture(scope="module")
def still(browser, still_house):
    """A page that nothing is stored for."""
    with board_of(still_house) as url, look_at(browser, url) as seen:
        yield seen


def rows(house, query):
    with house.store.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def newest_prices(house, race_id):
    """By label."""
    return dict(
        rows(
            house,
            "SELECT i.label, l.price FROM latest_odds l JOIN betting_interest i USING (interest_id)"
            f" WHERE i.race_id = {race_id} AND l.market = 0 AND l.price IS NOT NULL",
        )
    )


def shown(page):
    """By the label in the key, the decimal odds in thousandths."""
    told = page.eval_on_selector_all(
        ".runners [data-key$='-win']", "all => all.map((one) => [one.dataset.key, one.dataset.value])"
    )
    return {key.split("-")[0]: round(float(value) * 1000) for key, value in told if value}


def rename_jockey(house, name):
    """Of one horse of the race."""
    with house.store.write() as connection:
        entry = connection.scalar(text(f"SELECT min(entry_id) FROM entry WHERE race_id = {RACE}"))
        one = schema.entry.c.entry_id == entry
        moved = {"jockey": name, "updated_at": schema.entry.c.updated_at + 1}
        connection.execute(update(schema.entry).where(one).values(moved))
        connection.execute(
            insert(schema.change).values(race_id=RACE, entry_id=entry, field="jockey", old="A", new=name, at=1)
        )


# --- The same numbers --------------------------------------------------------------------------------------------------


def test_the_odds_are_the_databases_before_and_after_a_commit_what_moved_is_marked_and_nothing_shifts(house, seen):
    page = seen.live(f"/races/{RACE}")
    before = newest_prices(house, RACE)
    assert shown(page) == before
    page.evaluate(
        "document.addEventListener('board:morphed', () => window.__marked ??= [...document.querySelectorAll("
        "'.runners .moved-up, .runners .moved-down')].map((one) => [one.dataset.key, one.className]))"
    )
    since = seen.now()
    house.look(house.clock.now() + SOON)
    after = newest_prices(house, RACE)
    moved = {label for label in after if before.get(label) not in (None, after[label])}
    assert moved
    seen.until("() => window.__marked?.length > 0")
    assert shown(page) == after
    label = min(moved)
    assert page.inner_text(f"[data-key='{label}-win']") == odds.show(after[label], "board")
    told = page.evaluate("window.__marked")
    marked = {key.removesuffix("-win"): names for key, names in told if key.endswith("-win")}
    assert set(marked) == moved
    for label, names in marked.items():
        assert ("moved-up" in names.split()) == (after[label] > before[label])
    page.wait_for_timeout(300)
    shifts = seen.shifted(since)
    assert sum(one["value"] for one in shifts) < STILL, shifts


def test_the_favourites_of_the_front_page_are_the_databases(still_house, still):
    page = still.live("/")
    for race_id in (2, 3):
        cheapest = min(newest_prices(still_house, race_id).values())
        told = page.get_attribute(f"[data-key^='{race_id}-favourite-']", "data-value")
        assert round(float(told) * 1000) == cheapest


def newest_grid(house, race_id):
    """(first, second) -> minor units, of each pair that is paid for."""
    ((interests, payouts),) = rows(
        house,
        "SELECT g.interests, g.payouts FROM pair_grid g JOIN board b USING (board_id)"
        f" WHERE b.race_id = {race_id} AND g.bet_type = 'exacta' ORDER BY b.fetched_at DESC LIMIT 1",
    )
    labels = dict(rows(house, f"SELECT interest_id, label FROM betting_interest WHERE race_id = {race_id}"))
    order = [labels[interest] for interest in json.loads(interests)]
    paid = iter(json.loads(payouts))
    pairs = {(first, second): next(paid) for first in order for second in order}
    assert next(paid, None) is None
    return {pair: payout for pair, payout in pairs.items() if payout is not None}


def test_every_exacta_is_that_of_the_newest_grid(still_house, still):
    page = still.live(f"/races/{RACE}")
    cells = page.eval_on_selector_all(
        "#exacta [data-key]", "all => all.map((one) => [one.dataset.key, one.dataset.value, one.textContent])"
    )
    grid = newest_grid(still_house, RACE)
    assert len(grid) > 20
    assert len(cells) == len(grid)
    for key, value, told in cells:
        _, first, second = key.split("-")
        minor = grid[first, second]
        assert round(float(value) * 100) == minor, key
        assert float(told.rstrip("+").replace(",", "")) == (minor / 100 if minor < 10_000 else round(minor / 100)), key


# --- A commit is seen --------------------------------------------------------------------------------------------------


def test_a_commit_is_seen_within_a_second(house, seen, capsys):
    seen.live(f"/races/{RACE}")
    taken = []
    for number in range(5):
        name = f"Jockey {number}"
        rename_jockey(house, name)
        began = time.monotonic()
        seen.until("name => document.querySelector('main').textContent.includes(name)", name)
        taken.append(time.monotonic() - began)
    with capsys.disabled():
        sys.stdout.write(f" commit to page: {', '.join(f'{one * 1000:.0f}' for one in taken)} ms ")
    assert sorted(taken)[2] < SOON_SEEN_S


def test_what_a_person_does_survives_an_update(house, seen):
    """Where they are, what they opened, where they scrolled, what a chart has drawn."""
    page = seen.live(f"/races/{RACE}")
    page.wait_for_selector("#chart canvas")  # which takes the place of what stood there
    page.evaluate(
        """() => {
          const details = [...document.querySelectorAll("main details")];
          for (const one of details) one.open = !one.open;
          window.__open = details.map((one) => one.open);
          const kept = document.querySelector("main [data-keep]");
          kept?.append(Object.assign(document.createElement("i"), { id: "drawn" }));
          document.querySelector("main a, main [tabindex='0']").focus();
          window.__focused = document.activeElement;
          window.scrollTo(0, 200);
        }"""
    )
    morphs = seen.morphed()
    house.look(house.clock.now() + SOON)
    seen.morphed(morphs)
    assert page.evaluate("[...document.querySelectorAll('main details')].map((one) => one.open)") == page.evaluate(
        "window.__open"
    )
    assert page.evaluate("document.activeElement === window.__focused")
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate(
        "document.querySelectorAll('main [data-keep]').length === document.querySelectorAll('#drawn').length"
    )


def test_what_somebody_types_stays(house, seen):
    page = seen.live("/alerts")
    field = "main form input:not([type=hidden]):not([type=checkbox]), main form select"
    page.eval_on_selector(
        field, "one => { if (one.tagName === 'SELECT') one.selectedIndex = 1; else one.value = 'half ty'; }"
    )
    before = page.eval_on_selector(field, "one => one.value")
    morphs = seen.morphed()
    house.look(house.clock.now() + SOON)
    seen.morphed(morphs)
    assert page.eval_on_selector(field, "one => one.value") == before != ""


def test_out_of_sight_nothing_is_asked_and_back_in_sight_all_is_new(house, seen):
    page = seen.live(f"/races/{RACE}")
    hide = "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden }); document.dispatchEvent(new Event('visibilitychange')); }"
    asked = []
    page.evaluate(hide, True)
    page.on("request", lambda request: asked.append(request.url))
    house.look(house.clock.now() + SOON)
    page.wait_for_timeout(500)
    assert not {url for url in asked if url == page.url or "/stream" in url}
    assert shown(page) != newest_prices(house, RACE)
    morphs = seen.morphed()
    page.evaluate(hide, False)
    seen.morphed(morphs)
    assert shown(page) == newest_prices(house, RACE)


def test_a_lost_connection_is_told_and_found_again(house, browser):
    with ExitStack() as servers, look_at(browser, "http://127.0.0.1") as seen:
        seen.url = servers.enter_context(board_of(house))
        seen.live("/")
        servers.close()
        seen.until("() => document.getElementById('link-state').textContent.startsWith('reconnecting')")
        house.look(house.clock.now() + SOON)
        port = int(seen.url.rpartition(":")[2])
        with board_of(house, port):
            seen.until("() => document.getElementById('link-state').textContent === 'live'")
            cheapest = min(newest_prices(house, 3).values())
            seen.until(
                "value => Number(document.querySelector('[data-key^=\"3-favourite-\"]').dataset.value) === value",
                cheapest / 1000,
            )
        assert all("ERR_" in one for one in seen.complaints)  # the browser's own, of a server that is away
        seen.complaints.clear()
        seen.hosts.clear()


# --- Time --------------------------------------------------------------------------------------------------------------


def post_of(house):
    return rows(house, f"SELECT post_time FROM race WHERE race_id = {RACE}")[0][0]


def test_the_countdown_goes_by_the_applications_clock(still_house, still):
    left = (post_of(still_house) - clock.to_ms(still_house.clock.now())) // 1000
    page = still.live(f"/races/{RACE}")
    first = page.inner_text("main [data-countdown]")
    minutes, seconds = (int(one) for one in first.split()[0].split(":"))
    assert first.endswith(" to post")
    assert left - 10 <= minutes * 60 + seconds <= left
    still.until("first => document.querySelector('main [data-countdown]').textContent !== first", first)


def test_how_a_countdown_is_said(house, seen):
    post = post_of(house)
    for before, said in ((59, " s to post"), (-65, "+1:0"), (3700, "1:01:"), (-3700, "+1:01:")):
        house.clock.at[0] = clock.from_ms(post - before * 1000)
        page = seen.live(f"/races/{RACE}?before={before}")  # the one before is kept for a second
        assert said in page.inner_text("main [data-countdown]")


def test_on_an_open_page_it_is_said_when_its_source_goes_stale_and_when_it_is_back(house, seen):
    """Of what does not happen no event tells: the page asks again by itself."""
    front = seen.page.context.new_page()
    pages = {f"/races/{RACE}": seen.page, "/": front}
    for path, page in pages.items():
        page.clock.install()
        page.goto(f"{seen.url}{path}")
    seen.until(LIVE)
    for page in pages.values():
        assert page.query_selector("main .dot-fresh") is not None
        assert page.query_selector("main .notice-bad, main .dot-stale") is None
    allowed = house.json(f"/api/v1/races/{RACE}")["freshness"]["allowed_seconds"]
    house.clock.at[0] += dt.timedelta(seconds=allowed + 1)
    time.sleep(KEEP_S)
    for path, page in pages.items():
        page.clock.fast_forward(ASKS_AGAIN_MS)
        page.wait_for_selector("main .notice-bad")
        assert page.is_visible("main .dot-stale"), path
    house.look(house.clock.now())
    for page in pages.values():
        page.wait_for_selector("main .notice-bad", state="detached")


# --- For a whole afternoon -----------------------------------------------------------------------------------------------


def held(page, session):
    """What the page holds: bytes of its heap, and nodes of its document."""
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    return used, page.evaluate("document.querySelectorAll('*').length")


@pytest.mark.soak
def test_a_page_does_not_grow_with_what_it_is_told(house, seen):
    page = seen.live(f"/races/{RACE}")
    session = page.context.new_cdp_session(page)
    sizes, morphs = [], []
    for number in range(600):
        if number % 100 == 0:
            sizes.append(held(page, session))
            morphs.append(seen.morphed())
        rename_jockey(house, f"Jockey {number % 7}")
        page.wait_for_timeout(50)
    (heap, nodes), (heap_after, nodes_after) = sizes[1], held(page, session)
    assert seen.morphed() - morphs[1] > 100
    assert nodes_after == nodes
    assert heap_after < heap + 500_000, sizes


# --- A crawl -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_crawl_of_the_running_tote_stores_is_seen_on_the_open_page(browser, tmp_path):
    """A window of polls every ten seconds by a clock ten times as fast."""
    with race_day(tmp_path, rate=10) as day:
        first = day.crawl(day.date)
        assert first.returncode == 0, first.stderr
        app = create_app(config.load(tmp_path / "config" / "config.yaml", environ={}), day.clock, day.store)
        ((race_id,),) = day.rows("SELECT race_id FROM race WHERE race_number = 1")
        with served(app) as url, look_at(browser, url, PHONE) as seen:
            page = seen.live(f"/races/{race_id}")
            page.evaluate(
                """() => { window.__seen = new Set();
                  document.addEventListener('board:morphed', () => window.__seen.add(document.querySelector('.seen').textContent)); }"""
            )
            _, arguments = day.window(seconds=120, every=10, first_in=40)
            done = day.crawl(*arguments)
            assert done.returncode == 0, done.stderr
            stored = day.rows(f"SELECT count(*) FROM board WHERE race_id = {race_id}")[0][0]
            told = dict(
                day.rows(
                    "SELECT i.label, l.price FROM latest_odds l JOIN betting_interest i USING (interest_id)"
                    f" WHERE i.race_id = {race_id} AND l.market = 0 AND l.price IS NOT NULL"
                )
            )
            page.wait_for_timeout(1000)
            assert shown(page) == told
            assert stored > 5
            assert page.evaluate("() => window.__seen.size") > (stored - 1) / 2
