"""The board in a real browser: its numbers are the database's, a commit is seen, and nothing moves about."""

import datetime as dt
import sys
import time
from contextlib import ExitStack

import pytest
from browsers import need_browser
from browsing import PHONE, chromium, look_at
from clocked import race_day
from serving import served
from sqlalchemy import insert, text, update

from horses_scrapy import clock, config, odds
from horses_scrapy.storage import schema
from horses_scrapy.web.app import create_app

SOON = dt.timedelta(seconds=30)
RACE = 2
"""Three minutes to its post."""
SOON_SEEN_S = 1.0
STILL = 0.02
"""Layout shift that nobody notices; 0.1 is what browsers' makers call good."""


@pytest.fixture(scope="module")
def browser():
    need_browser()
    with chromium() as started:
        yield started


@pytest.fixture
def url(house):
    with served(create_app(house.settings, house.clock, house.store)) as url:
        yield url


@pytest.fixture
def seen(browser, url):
    with look_at(browser, url) as seen:
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


# --- The same numbers --------------------------------------------------------------------------------------------------


def test_the_odds_of_a_race_are_those_of_the_database_before_and_after_a_commit(house, seen):
    page = seen.live(f"/races/{RACE}")
    before = newest_prices(house, RACE)
    assert shown(page) == before
    house.look(house.clock.now() + SOON)
    after = newest_prices(house, RACE)
    assert after != before
    label = next(label for label in after if after[label] != before.get(label))
    page.wait_for_selector(f"[data-key='{label}-win'][data-value='{after[label] / 1000}']")
    assert shown(page) == after
    text_shown = page.inner_text(f"[data-key='{label}-win']")
    assert text_shown == odds.show(after[label], "board")


def test_the_favourites_of_the_front_page_are_the_databases(house, seen):
    page = seen.live("/")
    for race_id in (2, 3):
        cheapest = min(newest_prices(house, race_id).values())
        told = page.get_attribute(f"[data-key^='{race_id}-favourite-']", "data-value")
        assert round(float(told) * 1000) == cheapest


def test_the_exactas_are_those_of_the_newest_grid(house, seen):
    page = seen.live(f"/races/{RACE}")
    matrix = house.json(f"/api/v1/races/{RACE}/exacta")
    payouts = {(cell["first"], cell["second"]): cell["payout"] for cell in matrix["cells"]}
    text_of_page = page.inner_text("main")
    assert payouts
    for payout in list(payouts.values())[:20]:
        assert f"{payout:,.2f}" in text_of_page or f"{payout:g}" in text_of_page or f"{payout:,.0f}" in text_of_page


# --- A commit is seen --------------------------------------------------------------------------------------------------


def test_a_commit_is_seen_within_a_second(house, seen, capsys):
    seen.live(f"/races/{RACE}")
    taken = []
    for number in range(5):
        name = f"Jockey {number}"
        with house.store.write() as connection:
            entry = connection.scalar(text(f"SELECT min(entry_id) FROM entry WHERE race_id = {RACE}"))
            one = schema.entry.c.entry_id == entry
            connection.execute(update(schema.entry).where(one).values(jockey=name))
            connection.execute(
                insert(schema.change).values(race_id=RACE, entry_id=entry, field="jockey", old="A", new=name, at=1)
            )
        began = time.monotonic()
        seen.until("name => document.querySelector('main').textContent.includes(name)", name)
        taken.append(time.monotonic() - began)
    with capsys.disabled():
        sys.stdout.write(f" commit to page: {', '.join(f'{one * 1000:.0f}' for one in taken)} ms ")
    assert sorted(taken)[2] < SOON_SEEN_S


def test_numbers_that_move_are_marked_and_nothing_shifts(house, seen):
    page = seen.live(f"/races/{RACE}")
    before = newest_prices(house, RACE)
    page.evaluate(
        "document.addEventListener('board:morphed', () => window.__marked ??= [...document.querySelectorAll('.runners .moved-up, .runners .moved-down')].map((one) => [one.dataset.key, one.className]))"
    )
    since = seen.now()
    house.look(house.clock.now() + SOON)
    after = newest_prices(house, RACE)
    moved = {label for label in after if before.get(label) not in (None, after[label])}
    seen.until("() => window.__marked?.length > 0")
    page.wait_for_timeout(300)
    marked = {
        key.removesuffix("-win"): names for key, names in page.evaluate("window.__marked") if key.endswith("-win")
    }
    assert set(marked) == moved
    for label, names in marked.items():
        assert ("moved-up" in names.split()) == (after[label] > before[label])
    shifts = seen.shifted(since)
    assert sum(one["value"] for one in shifts) < STILL, shifts


def test_what_a_person_does_survives_an_update(house, seen):
    """Where they are, what they opened, where they scrolled, what a chart has drawn."""
    page = seen.live(f"/races/{RACE}")
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
          document.addEventListener("board:morphed", () => window.__morphed = true);
        }"""
    )
    house.look(house.clock.now() + SOON)
    seen.until("() => window.__morphed")
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
    page.evaluate("document.addEventListener('board:morphed', () => window.__morphed = true)")
    house.look(house.clock.now() + SOON)
    seen.until("() => window.__morphed")
    assert page.eval_on_selector(field, "one => one.value") == before != ""


def test_out_of_sight_nothing_is_asked_and_back_in_sight_all_is_new(house, seen):
    page = seen.live(f"/races/{RACE}")
    hide = "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden }); document.dispatchEvent(new Event('visibilitychange')); }"
    asked = []
    page.evaluate(hide, True)
    page.on("request", lambda request: asked.append(request.url))
    house.look(house.clock.now() + SOON)
    page.wait_for_timeout(700)
    assert not {url for url in asked if url == page.url or "/stream" in url}
    assert shown(page) != newest_prices(house, RACE)
    page.evaluate(hide, False)
    page.wait_for_timeout(1500)
    assert shown(page) == newest_prices(house, RACE)


def test_a_lost_connection_is_told_and_found_again(house, browser):
    with ExitStack() as servers, look_at(browser, "http://127.0.0.1") as seen:
        seen.url = servers.enter_context(served(create_app(house.settings, house.clock, house.store)))
        seen.live("/")
        servers.close()
        seen.until("() => document.getElementById('link-state').textContent.startsWith('reconnecting')")
        house.look(house.clock.now() + SOON)
        port = int(seen.url.rpartition(":")[2])
        with served(create_app(house.settings, house.clock, house.store), port):
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


def test_the_countdown_goes_by_the_applications_clock(house, seen):
    (post,) = rows(house, f"SELECT post_time FROM race WHERE race_id = {RACE}")[0]
    left = (post - clock.to_ms(house.clock.now())) // 1000
    page = seen.live(f"/races/{RACE}")
    texts = [page.inner_text("main [data-countdown]")]
    page.wait_for_timeout(1100)
    texts.append(page.inner_text("main [data-countdown]"))
    minutes, seconds = (int(one) for one in texts[0].split()[0].split(":"))
    assert texts[0].endswith(" to post")
    assert left - 10 <= minutes * 60 + seconds <= left
    assert texts[1] != texts[0]


@pytest.mark.parametrize(("before", "text"), [(59, " s to post"), (-65, "+1:0"), (3700, "1:01:"), (-3700, "+1:01:")])
def test_how_a_countdown_is_said(house, seen, before, text):
    (post,) = rows(house, f"SELECT post_time FROM race WHERE race_id = {RACE}")[0]
    house.clock.at[0] = clock.from_ms(post - before * 1000)
    page = seen.open(f"/races/{RACE}")
    page.wait_for_timeout(200)
    assert text in page.inner_text("main [data-countdown]")


def test_a_stale_source_is_said(house, seen):
    allowed = house.json(f"/api/v1/races/{RACE}")["freshness"]["allowed_seconds"]
    house.clock.at[0] += dt.timedelta(seconds=allowed + 1)
    for path in ("/", f"/races/{RACE}"):
        page = seen.open(path)
        assert page.is_visible("main .notice-bad"), path
        assert page.is_visible("main .dot-stale"), path
    house.look(house.clock.now())
    seen.until("() => document.querySelector('main .notice-bad') === null")


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
