"""Card pages of netkeiba: JRA's list of the day's races, and the entries page (shutuba) of one race, of JRA or a local track.

A race's key is YYYY, course, then for JRA meeting and day of the meeting, for a local track MMDD, then the race; two
digits each. What a page says of itself (its canonical address, the active day, the race's number) is checked.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from parsel import Selector
from scrapy.http import HtmlResponse, Response

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import OUT, Entry, EntryStatus, RaceItem, Surface
from horses_scrapy.sources.html_page import html, once, text, the, the_text
from horses_scrapy.sources.local_time import clock_instant
from horses_scrapy.sources.netkeiba_odds import SOURCE, ZONE
from horses_scrapy.track_spider import Visit

CANCELLED: dict[str, EntryStatus] = {"取消": "scratched", "除外": "late_scratch"}
"""Withdrawn before the race, and ruled out shortly before the start. Known from parser code, not recorded."""

SURFACES: dict[str, Surface] = {"芝": "turf", "ダ": "dirt"}
"""Before the distance. A race over jumps has 障 there, and runs on both."""

_COURSE = re.compile(r"(?:^|\s)(芝|ダ)\d{3,4}m")
_KEY = re.compile(r"race_id=(\d{12})(?!\d)", re.ASCII)
_DAY = re.compile(r"kaisai_date=(\d{8})(?!\d)", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_POST = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)発走", re.ASCII)
_RACE = re.compile(r"([1-9]|1[0-9])R", re.ASCII)
_STARTERS = re.compile(r"([1-9]\d?)頭", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d?", re.ASCII)
_HORSE = re.compile(r"/horse/(\w+)", re.ASCII)


def parse_race_list(response: Response, visit: Visit) -> Iterator[RaceItem]:
    """JRA's races at the track, without entries. Raises NoCard where it does not race on the day."""
    page = html(response)
    the(page, ".RaceList_Body", response.url)
    for meeting in page.css(".RaceList_DataList"):
        lines = meeting.css(".RaceList_DataItem")
        if not lines or _key(lines[0], "a", response.url)[4:6] != visit.track.source_key:
            continue
        days = set(_DAY.findall(" ".join(meeting.css(".RaceList_DataHeader a::attr(href)").getall())))
        if days - {f"{visit.race_date:%Y%m%d}"}:
            raise ParseError(f"{response.url}: {visit.race_date} was asked for, the list is of {', '.join(days)}")
        races = [_listed(line, response, visit) for line in lines]
        once([str(race.race_number) for race in races], response.url)
        return iter(races)
    raise NoCard(f"no meeting at {visit.track.source_key} on {visit.race_date}")


def _listed(line: Selector, response: Response, visit: Visit) -> RaceItem:
    key = _key(line, "a", response.url)
    where = f"{response.url}: {key}"
    number = _race_number(the_text(line, ".Race_Num", where), where)
    if key[:6] + key[10:] != f"{visit.race_date.year}{visit.track.source_key}{number:02d}":
        raise ParseError(f"{where}: this is not race {number} of {visit.track.source_key} in {visit.race_date.year}")
    return RaceItem(
        **_of(visit, number, key, response.url),
        post_time=_post_time(_CLOCK.fullmatch(the_text(line, ".RaceList_Itemtime", where)), visit, where),
        name=the_text(line, ".ItemTitle", where) or None,
        surface=_surface(" ".join(text(cell) for cell in line.css(".RaceList_ItemLong"))),
    )


def nar_key(course: str, day: date, number: int) -> str:
    """The key of a race at a local track."""
    return f"{day.year}{course}{day:%m%d}{number:02d}"


def parse_race_numbers(response: Response, visit: Visit) -> list[int]:
    """The day's races at a local track, from the navigation of one of its pages. Raises NoCard where there is none."""
    links = html(response).css(".RaceNumWrap a::attr(href)").getall()
    prefix = nar_key(visit.track.source_key, visit.race_date, 0)[:-2]
    keys = [key for key in _KEY.findall(" ".join(links)) if key.startswith(prefix)]
    if not keys:
        raise NoCard(
            f"no meeting at {visit.track.source_key} on {visit.race_date}: {response.url} links to no race of it"
        )
    once(keys, response.url)
    return sorted(int(key[-2:]) for key in keys)


def parse_entries(response: Response, visit: Visit, key: str) -> RaceItem:
    """The race with its entries; none before the numbers are drawn. Another race's or day's page is a ParseError."""
    page = html(response)
    where = f"{response.url}: {key}"
    number = check_identity(page, visit, key, where)
    entries = tuple(_entries(page, where))
    once([entry.program_number for entry in entries], where)
    _check_count(page, entries, where)
    return RaceItem(
        **_of(visit, number, key, response.url),
        post_time=_post_time(_POST.search(the_text(page, ".RaceData01", where)), visit, where),
        name=the_text(page, ".RaceList_NameBox .RaceName", where) or None,
        surface=_surface(the_text(page, ".RaceData01", where)),
        entries=entries,
    )


def check_identity(page: HtmlResponse, visit: Visit, key: str, where: str) -> int:
    """The number of the race that was asked for, if the page is whole and is of that race."""
    if "</html>" not in page.text:
        raise ParseError(f"{where}: the page is cut short")
    found = _key(page, "link[rel=canonical]", where)
    number = _race_number(the_text(page, ".RaceList_NameBox .RaceNum", where), where)
    day = _DAY.search(the(page, "#RaceList_DateList .Active a", where).attrib.get("href", ""))
    told = (found, f"{number:02d}", day[1] if day else "no date")
    asked = (key, key[-2:], f"{visit.race_date:%Y%m%d}")
    if told != asked:
        raise ParseError(f"{where}: {' '.join(asked)} was asked for, this is a page of {' '.join(told)}")
    return number


def _of(visit: Visit, number: int, key: str, url: str) -> dict[str, Any]:
    return {
        "track": visit.track.key,
        "race_date": visit.race_date,
        "race_number": number,
        "source": SOURCE,
        "source_key": key,
        "url": url,
        "fetched_at": visit.fetched_at,
        "status": "scheduled",
        "race_type": "gallops",
    }


def _key(node: Selector | HtmlResponse, css: str, where: str) -> str:
    href = node.css(css).attrib.get("href", "")
    found = _KEY.search(href)
    if found is None:
        raise ParseError(f"{where}: {css} with a race_id of 12 digits is expected, not {href[:80]!r}")
    return found[1]


def _race_number(shown: str, where: str) -> int:
    match = _RACE.fullmatch(shown)
    if match is None:
        raise ParseError(f"{where}: a race such as 11R is expected, not {shown[:20]!r}")
    return int(match[1])


def _post_time(match: re.Match[str] | None, visit: Visit, where: str) -> datetime | None:
    """Japan time."""
    if match is None:
        raise ParseError(f"{where}: a post time such as 15:40 is expected")
    return clock_instant(visit.race_date, time(int(match[1]), int(match[2])), ZONE, where)


def _surface(shown: str) -> Surface | None:
    found = _COURSE.search(shown)
    return None if found is None else SURFACES[found[1]]


def _entries(page: HtmlResponse, where: str) -> Iterator[Entry]:
    lines = the(page, "table.ShutubaTable", where).css("tr.HorseList")
    numbers = [the_text(line, "td[class^=Umaban]", where) for line in lines]
    if not lines:
        raise ParseError(f"{where}: no horse")
    if not any(numbers):
        return
    for line, number in zip(lines, numbers, strict=True):
        at = f"{where}: number {number!r}"
        if _NUMBER.fullmatch(number) is None:
            raise ParseError(f"{at}: a program number is expected")
        horse = the(line, ".HorseName a", at)
        key = _HORSE.search(horse.attrib.get("href", ""))
        yield Entry(
            program_number=number,
            label=number,
            horse=text(horse),
            status=_status(line, at),
            jockey=_person(line, "td.Jockey", at),
            trainer=_person(line, "td.Trainer", at),
            horse_key=key[1] if key else None,
        )


def _status(line: Selector, where: str) -> EntryStatus:
    """The row's class and a cell's word both say that a horse will not run."""
    words = [text(cell) for cell in line.css(".Cancel_Txt")]
    marked = "Cancel" in line.attrib.get("class", "").split()
    if not words and not marked:
        return "active"
    if not marked or len(words) != 1 or words[0] not in CANCELLED:
        raise ParseError(f"{where}: {words} in a row {'with' if marked else 'without'} Cancel")
    return CANCELLED[words[0]]


def _person(line: Selector, css: str, where: str) -> str | None:
    """The cell must be there; it is empty while nobody is named."""
    found = the(line, css, where).css("a")
    return text(found[0]) or None if found else None


def _check_count(page: HtmlResponse, entries: tuple[Entry, ...], where: str) -> None:
    """`16頭`: whether it counts withdrawn horses is not known, so any number from the runners to all is taken."""
    told = _STARTERS.search(the_text(page, ".RaceData02", where))
    running = sum(entry.status not in OUT for entry in entries)
    if entries and told is not None and not running <= int(told[1]) <= len(entries):
        raise ParseError(f"{where}: {running} to {len(entries)} horses are listed, {told[0]} are announced")


def race_list_url(base_url: str, day: date) -> str:
    return f"{base_url}/top/race_list_sub.html?kaisai_date={day:%Y%m%d}"


def entries_url(base_url: str, key: str) -> str:
    return f"{base_url}/race/shutuba.html?race_id={key}"
