"""Rows that were committed -> events, as bytes that every stream sends."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import Connection

from horses_scrapy.storage import news
from horses_scrapy.storage.news import KINDS, CommittedAlert, CommittedBoard, CommittedChange, Kind, Span
from horses_scrapy.web.models.base import Answer
from horses_scrapy.web.models.stream import AlertNews, BoardNews, ChangeNews
from horses_scrapy.web.stream.trail import Mark, Trail, Trails

MOST_BEHIND = 1000
"""Events; beyond, a reset."""
UNDER_WAY = 200
"""Ids below the newest that may still be committed when the first look is taken."""


@dataclass(frozen=True, slots=True)
class Event:
    """race_id, track: what a stream may ask for; None: of no race, of no track."""

    race_id: int | None
    track: str | None
    wire: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and how far the tables are read then. events: None where there were too many to tell."""

    events: list[Event] | None
    trails: Trails


Found = dict[Kind, Sequence[CommittedBoard | CommittedChange | CommittedAlert]]


def begin(connection: Connection, now: float, *, gaps: bool) -> Trails:
    """At the newest rows. gaps: ids may be committed out of order, so what is not there may be under way."""
    found = {}
    for kind, top in news.tops(connection).items():
        before = Trail(max(0, top - UNDER_WAY) if gaps else top)
        found[kind] = before.after(news.ids_above(connection, kind, before.top), now)
    return Trails(found)


def look(connection: Connection, trails: Trails, now: float, *, gaps: bool) -> Look:
    """What came since."""
    spans = {
        kind: Span(trail.top, again=trail.missing, most=MOST_BEHIND + 1 + len(trail.missing))
        for kind, trail in trails.of.items()
    }
    found = _found(connection, spans)
    if _too_many(found):
        return Look(None, begin(connection, now, gaps=gaps))
    after = trails.after({kind: {row.id for row in found[kind]} for kind in KINDS}, now)
    return Look(_events(found, after), after)


def missed(connection: Connection, since: Mark, cut: Trails) -> list[Event] | None:
    """What was told after `since` up to the cut; None where it is too much, or the mark is of another database."""
    if not cut.holds(since):
        return None
    most = MOST_BEHIND + 1 + sum(len(trail.missing) for trail in cut.of.values())
    found = _found(connection, {kind: Span(since[kind], trail.top, most=most) for kind, trail in cut.of.items()})
    told: Found = {kind: [row for row in found[kind] if row.id not in cut.of[kind].missing] for kind in KINDS}
    return None if _too_many(told) else _events(told, cut)


def _found(connection: Connection, spans: dict[Kind, Span]) -> Found:
    return {
        "change": news.changes(connection, spans["change"]),
        "board": news.boards(connection, spans["board"]),
        "alert": news.alerts(connection, spans["alert"]),
    }


def _too_many(found: Found) -> bool:
    return sum(map(len, found.values())) > MOST_BEHIND


def _events(found: Found, trails: Trails) -> list[Event]:
    """By time, those of a kind by id: no table tells in which order rows of another were committed."""
    rows = list(heapq.merge(*(found[kind] for kind in KINDS), key=attrgetter("at")))
    told = [(_kind(row), row.id) for row in rows]
    return [_event(row, mark) for row, mark in zip(rows, trails.marks(told), strict=True)]


def _event(row: CommittedBoard | CommittedChange | CommittedAlert, mark: Mark) -> Event:
    return Event(row.race_id, row.track, wire(_kind(row), mark, _answer(row)))


def _kind(row: CommittedBoard | CommittedChange | CommittedAlert) -> Kind:
    match row:
        case CommittedBoard():
            return "board"
        case CommittedChange():
            return "change"
        case CommittedAlert():
            return "alert"


def _answer(row: CommittedBoard | CommittedChange | CommittedAlert) -> Answer:
    match row:
        case CommittedBoard():
            return BoardNews.of(row)
        case CommittedChange():
            return ChangeNews.of(row)
        case CommittedAlert():
            return AlertNews.of(row)


def wire(kind: str, mark: Mark, told: Answer) -> bytes:
    """JSON has no line break: one line of data is enough."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), str(mark).encode(), told.json_bytes())


def alive(mark: Mark) -> bytes:
    """A comment; with it the id moves on, so that who asks for one quiet race does not fall behind."""
    return b": alive\nid: %b\n\n" % str(mark).encode()
