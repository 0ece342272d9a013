"""Every page by the rules of axe, on a phone's width, by keyboard, in the dark and in the light."""

from itertools import pairwise

import pytest
from browsers import need_browser
from browsing import DESK, PHONE, chromium, look_at
from serving import served

from horses_scrapy.web.app import create_app

PATHS = ("/", "/races/1", "/races/2", "/races/3", "/alerts", "/runs", "/status", "/docs", "/login")
"""Race 1 has a result, the others are open."""


@pytest.fixture(scope="module")
def browser():
    need_browser()
    with chromium() as started:
        yield started


@pytest.fixture
def url(house):
    quick = house.settings.api.model_copy(update={"requests_per_second": 1000, "burst": 10_000})
    with served(create_app(house.settings.model_copy(update={"api": quick}), house.clock, house.store)) as url:
        yield url


@pytest.mark.parametrize(
    ("size", "dark"),
    [
        pytest.param(PHONE, True, id="phone, dark"),
        pytest.param(DESK, False, id="desk, light"),
        pytest.param(PHONE, False, id="phone, light", marks=pytest.mark.slow),
        pytest.param(DESK, True, id="desk, dark", marks=pytest.mark.slow),
    ],
)
def test_nothing_serious_is_found_and_no_page_scrolls_sideways(browser, url, size, dark):
    found = {}
    with look_at(browser, url, size, dark=dark) as seen:
        for path in PATHS:
            seen.open(path)
            seen.page.wait_for_timeout(200)
            found[path] = [*seen.axe(), *seen.overflow]
    assert found == {path: [] for path in PATHS}


def test_a_page_that_there_is_not_is_as_readable(browser, url):
    with look_at(browser, url, PHONE) as seen:
        seen.open("/races/999")
        assert [*seen.axe(), *seen.overflow] == []
        assert seen.page.title().startswith("404")
        seen.complaints.clear()  # the browser's own, of the status


def test_the_first_tab_leads_past_the_menu_and_the_focus_is_always_seen(browser, url):
    with look_at(browser, url) as seen:
        page = seen.open("/")
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.className") == "skip"
        assert page.evaluate("() => document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")
        for _ in range(12):
            focused = page.evaluate(
                "() => { const one = document.activeElement, style = getComputedStyle(one);"
                " return [one.outerHTML.slice(0, 80), one === document.body || style.outlineStyle !== 'none'"
                " && parseFloat(style.outlineWidth) >= 2]; }"
            )
            assert focused[1], focused[0]
            page.keyboard.press("Tab")


def test_the_order_of_tabs_is_the_order_on_the_page(browser, url):
    with look_at(browser, url) as seen:
        seen.open("/races/2")
        assert (
            seen.page.evaluate(
                '() => document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length'
            )
            == 0
        )
        headings = seen.page.eval_on_selector_all("h1, h2, h3", "all => all.map((one) => Number(one.tagName[1]))")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_an_alert_is_spoken_and_numbers_are_not(browser, url, house):
    with look_at(browser, url) as seen:
        page = seen.live("/races/2")
        live = page.eval_on_selector_all("[aria-live], [role=status], [role=alert]", "all => all.length")
        inside = page.eval_on_selector_all("main [aria-live] [data-key]", "all => all.length")
    assert (live, inside) == (1, 0)
