"""Every page by the rules of axe, on a phone's width, by keyboard, in the dark and in the light."""

from itertools import pairwise

import pytest
from browsing import DESK, PHONE, STILL, look_at
from serving import board_of

PATHS = ("/", "/races/1", "/races/2", "/alerts", "/runs", "/status", "/docs")
"""Race 1 has a result, race 2 is open."""
BRIEF = tuple(path for path in PATHS if path != "/docs")
"""Without the longest, whose colours and parts the others have too."""


@pytest.fixture(scope="module")
def url(still_house):
    with board_of(still_house) as url:
        yield url


@pytest.fixture(scope="module")
def seen(browser, url):
    with look_at(browser, url) as seen:
        yield seen


@pytest.mark.parametrize(
    ("size", "dark", "paths"),
    [
        pytest.param(PHONE, True, PATHS, id="phone, dark"),
        pytest.param(DESK, False, BRIEF, id="desk, light"),
        pytest.param(PHONE, False, PATHS, id="phone, light", marks=pytest.mark.slow),
        pytest.param(DESK, True, PATHS, id="desk, dark", marks=pytest.mark.slow),
    ],
)
def test_nothing_serious_is_found_no_page_scrolls_sideways_and_none_shifts_as_it_loads(browser, url, size, dark, paths):
    found = {}
    with look_at(browser, url, size, dark=dark) as seen:
        for path in paths:
            seen.open(path)
            found[path] = [*seen.axe(), *seen.overflow, *(one for one in seen.shifted(0) if one["value"] > STILL)]
    assert found == {path: [] for path in paths}


def test_a_page_that_there_is_not_is_as_readable(browser, url):
    with look_at(browser, url, PHONE) as seen:
        seen.open("/races/999")
        assert [*seen.axe(), *seen.overflow] == []
        assert seen.page.title().startswith("404")
        seen.complaints.clear()  # the browser's own, of the status


def test_nor_is_a_form_that_asks_for_a_key(browser, house_of):
    house = house_of(API_KEY="a key of twenty characters")
    with board_of(house) as url, look_at(browser, url, PHONE) as seen:
        seen.open("/login")
        assert seen.page.is_visible("main input[type=password]")
        assert [*seen.axe(), *seen.overflow] == []


def test_the_first_tab_leads_past_the_menu_and_the_focus_is_always_seen(seen):
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


def test_headings_follow_each_other_and_an_alert_is_spoken_and_numbers_are_not(seen):
    page = seen.live("/races/2")
    out_of_order = "[tabindex]:not([tabindex='0']):not([tabindex='-1'])"
    assert page.query_selector(out_of_order) is None
    headings = page.eval_on_selector_all("h1, h2, h3", "all => all.map((one) => Number(one.tagName[1]))")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert len(page.query_selector_all("[aria-live], [role=status], [role=alert]")) == 1
    assert page.query_selector("main [aria-live] [data-key]") is None
