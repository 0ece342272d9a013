"""Names that sites may bring: text, in its place, whatever is in it."""

import pytest
from browsing import DESK, PHONE, look_at
from serving import board_of
from sqlalchemy import insert, text

from horses_scrapy.storage import schema

NAMES = (
    "<script>window.__ran = 1</script><b>Bold",
    "\"><img src=x onerror='window.__ran = 1'>",
    "{{ 7 * 7 }}${7*7}<!--",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{LEFT-TO-RIGHT ISOLATE} Dancer",
    "W" * 64,
    "\N{CJK UNIFIED IDEOGRAPH-99AC}" * 64,
    "\N{HORSE RACING}\N{FAMILY}\N{ZERO WIDTH JOINER}\N{GIRL}" * 16,
    "Z\N{COMBINING GRAVE ACCENT}\N{COMBINING DIAERESIS}\N{COMBINING RING ABOVE}" * 20,
)
PATHS = ("/", "/races/1", "/races/2", "/alerts", "/runs", "/status")


@pytest.fixture
def hostile(house):
    """Every horse, person, race and track of the database has such a name, and an alert and a change tell of them."""
    with house.store.write() as connection:
        for table, key, columns in (
            ("horse", "horse_id", ("name",)),
            ("entry", "entry_id", ("jockey", "trainer")),
            ("race", "race_id", ("name",)),
            ("track", "track_id", ("name",)),
        ):
            for row in connection.execute(text(f"SELECT {key} FROM {table}")).scalars().all():
                told = {column: f"{NAMES[(row + place) % len(NAMES)]}" for place, column in enumerate(columns)}
                sets = ", ".join(f"{column} = :{column}" for column in columns)
                connection.execute(text(f"UPDATE {table} SET {sets} WHERE {key} = {row}"), told)
    return house


def add_alert(house, message):
    with house.store.write() as connection:
        connection.execute(
            insert(schema.alert).values(
                rule="drop", alert_type="odds_drop", severity="watch", event="fired", scope="race:2", race_id=2,
                market="win_tote", subject="3", unit="percent", threshold_value=1, actual_value=1, message=message,
                detail="{}", triggered_at=house.clock.now_ms(), created_at=house.clock.now_ms(), committed_mono=0,
            )
        )  # fmt: skip


def test_hostile_names_are_text_and_break_no_page(browser, hostile):
    for name in NAMES:
        add_alert(hostile, name)
    with board_of(hostile) as url, look_at(browser, url, PHONE) as seen:
        for path in PATHS:
            page = seen.live(path)
            told = page.inner_text("main")
            for size in (PHONE, DESK):
                seen.size(size)
                assert seen.overflow == [], (path, size)
            assert page.evaluate("() => window.__ran") is None, path
            assert page.query_selector("main img, main script, main b") is None, path
            assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.content(), path
            if path == "/races/2":
                assert "<script>" in told
                assert "{{ 7 * 7 }}" in told


def test_what_a_stream_tells_is_text_too(browser, hostile):
    with board_of(hostile) as url, look_at(browser, url) as seen:
        page = seen.live("/races/2")
        for name in NAMES[:3]:
            add_alert(hostile, name)
            seen.until("name => document.querySelector('[aria-live]').textContent === name", name)
        assert page.evaluate("() => window.__ran") is None
        assert page.query_selector("[aria-live] *") is None
