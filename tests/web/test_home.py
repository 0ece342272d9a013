"""The front page, as it is served."""

import datetime as dt
from html.parser import HTMLParser

import pytest

from horses_scrapy.clock import to_ms
from tests.web.conftest import LEDGER, NOW

HOSTILE = "<img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"


class Page(HTMLParser):
    """Rows by race, with their text; links; the headings and notices in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: dict[str, str] = {}
        self.links: list[str] = []
        self.tags: list[str] = []
        self.live: dict[str, str | None] = {}
        self.current: str | None = None
        self.words: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "body":
            self.live = given
        if tag == "a":
            self.links.append(given["href"])
        if tag == "tr" and "id" in given:
            self.current = given["id"]
            self.rows[self.current] = ""

    def handle_endtag(self, tag):
        if tag == "tr":
            self.current = None

    def handle_data(self, data):
        self.words.append(data)
        if self.current is not None:
            self.rows[self.current] = " ".join(f"{self.rows[self.current]} {data}".split())


def page_of(house, path: str = "/") -> Page:
    return Page(house.get(path).text)


def test_the_next_race_is_on_top_and_finished_ones_are_folded_below(house):
    page = page_of(house)
    assert list(page.rows) == ["race-2", "race-3", "race-1"]
    assert page.text.index("To come") < page.text.index("Finished") < page.text.index("DMO race 1")
    assert page.tags.count("details") == 1
    assert {"/races/1", "/races/2", "/races/3"} <= set(page.links)


def test_a_row_says_what_the_list_of_the_api_says(house):
    line = next(race for race in house.json("/api/v1/races")["races"] if race["race_id"] == 2)
    row = page_of(house).rows["race-2"]
    favourite, mover = line["favourite"], line["mover"]
    for told in (
        "3 min 13:20 EDT",
        "DMO race 2",
        "open fresh",
        f"{favourite['odds']['text']} {favourite['label']} {favourite['horse']}",
        f"▲ shortened from {mover['before']['text']} → to {mover['odds']['text']} +{mover['points']:.1f} pts",
    ):
        assert told in row


def test_a_race_that_is_off_stands_between(house):
    house.look(LEDGER.races[2].race.times.off + dt.timedelta(seconds=5))
    statuses = {race["race_id"]: race["status"] for race in house.json("/api/v1/races")["races"]}
    assert statuses == {1: "official", 2: "closed", 3: "open"}
    page = page_of(house)
    assert list(page.rows) == ["race-3", "race-2", "race-1"]
    assert page.text.index("Off, not official yet") < page.text.index("DMO race 2") < page.text.index("Finished")


def test_a_race_is_called_by_the_board_where_the_card_is_behind(house):
    house.tell("UPDATE race SET post_time = :at WHERE race_id = 3", at=to_ms(NOW) - 60_000)
    page = page_of(house)
    assert list(page.rows) == ["race-2", "race-3", "race-1"]  # by what is expected, not by the card
    assert "13 min 13:16 EDT as the board says" in page.rows["race-3"]


def test_a_race_of_which_nothing_is_heard_does_not_stay_on_top(house):
    house.stand(NOW + dt.timedelta(minutes=80))
    page = page_of(house)
    assert "To come" not in page.text
    assert "not heard of since" in page.rows["race-2"]


def test_a_stale_track_is_said_at_the_top_and_only_then(house):
    assert "Synthetic Downs : no news" not in page_of(house).text
    house.stand(NOW + dt.timedelta(minutes=4))
    page = page_of(house)
    assert "Synthetic Downs : no news for 4 min, where 3 min are allowed" in page.text
    assert page.text.index("no news for") < page.text.index("To come")
    assert "/status" in page.links


def test_the_page_asks_again_by_itself_even_if_no_event_comes(house):
    """A track that falls silent sends none."""
    live = page_of(house).live
    assert live["data-stream"] == "/api/v1/stream"
    assert int(live["data-refresh"]) <= 60


def test_names_of_a_site_are_text(house):
    house.tell("UPDATE horse SET name = :name", name=HOSTILE)
    house.tell("UPDATE race SET name = :name", name=HOSTILE)
    html = house.get("/").text
    page = Page(html)
    assert "img" not in page.tags
    assert "<img src=x onerror=alert(1)>gnp.exe" in page.rows["race-2"]
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html


@pytest.mark.parametrize("track", ["demo", "dmo"])
def test_one_track_alone(house, track):
    house.tell(
        "INSERT INTO track (key, name, code, timezone, created_at, updated_at) VALUES ('far', 'Far & <Away>', 'FAR', 'Asia/Tokyo', 0, 0)",
    )
    house.tell(
        "INSERT INTO race (track_id, race_date, race_number, post_time, created_at, updated_at) VALUES (2, '2026-05-02', 9, :at, 0, 0)",
        at=to_ms(NOW) + 60_000,
    )
    both = page_of(house)
    assert next(iter(both.rows)) == "race-4"
    assert {"/?track=demo", "/?track=far"} <= set(both.links)
    assert list(page_of(house, f"/?track={track}").rows) == ["race-2", "race-3", "race-1"]
    assert "02:18 JST" in page_of(house, "/?track=far").rows["race-4"]


def test_an_empty_track_is_every_track(house):
    assert page_of(house, "/?track=").rows == page_of(house).rows


def test_a_track_of_no_race_is_said_back_as_text(house):
    page = page_of(house, "/?track=%3Cb%3Ex")
    assert page.rows == {}
    assert "No race of today at <b>x" in page.text
    assert "b" not in page.tags


def test_an_empty_day_says_what_to_do(house):
    house.stand(NOW + dt.timedelta(days=3))
    page = page_of(house)
    assert page.rows == {}
    assert "scripts/scheduler.py" in page.text
