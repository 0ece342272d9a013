"""How long each source takes to read one race's saved answers, against json.loads or lxml.html on the same bytes."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import lxml.html

from benchmarks.frame import Context, Figure, in_turns, medians
from horses_scrapy import config
from horses_scrapy.config import Settings
from horses_scrapy.errors import StoreError
from horses_scrapy.fixtures import Case, cases
from horses_scrapy.items import OddsItem
from horses_scrapy.offline import Pages, pages, read_all
from horses_scrapy.track_spider import TrackSpider

NAME = "parsing"
ROOT = Path(__file__).resolve().parents[2]
CASE = "one_race"
"""The saved day that every track has: a card, and one race's board."""
READS = 5
"""Of one round: a single one is too short for its neighbour's time to be told."""


def run(context: Context) -> list[Figure]:
    settings = config.load(ROOT / "config" / "config.yaml", environ={})
    rounds = 2 if context.quick else 25
    return [_figure(source, case, settings, rounds) for source, case in sorted(saved_days(settings).items())]


def saved_days(settings: Settings) -> dict[str, Case]:
    """By source: of its tracks the one whose answers are the longest."""
    found: dict[str, Case] = {}
    for case in cases(ROOT):
        source = settings.tracks[case.track].source
        if case.folder.name == CASE and (source not in found or _length(case) > _length(found[source])):
            found[source] = case
    return found


def bodies_of(case: Case) -> list[bytes]:
    """As the spider is given them, without those that fail; a file that its source reads besides the site is none."""
    return [body for body in case.bodies().values() if body is not None]


def _length(case: Case) -> int:
    return sum(map(len, bodies_of(case)))


def _figure(source: str, case: Case, settings: Settings, rounds: int) -> Figure:
    bodies, page = bodies_of(case), pages(case.bodies())
    boards = boards_of(case.spider(settings), page)
    spiders = iter([case.spider(settings) for _ in range(rounds * READS)])
    works: dict[str, Callable[[], object]] = {"read": partial(_read, spiders, page), "bare": partial(_bare, bodies)}
    taken = {name: seconds / READS * 1000 for name, seconds in medians(in_turns(rounds, works)).items()}
    kinds = "+".join(sorted({_bare_name(body) for body in bodies}))
    return Figure(
        name=f"{source}: one board and its card, {sum(map(len, bodies)) / 1000:.1f} kB",
        value=taken["read"] / boards,
        unit="ms",
        against=kinds,
        against_value=taken["bare"] / boards,
        ratio=taken["bare"] / taken["read"],
    )


def boards_of(spider: TrackSpider, page: Pages) -> int:
    """The number of boards; raises StoreError where a saved day is not read whole: its time would say nothing."""
    found = read_all(spider, page)
    boards = sum(isinstance(item, OddsItem) for item in found.items)
    if found.errors or boards == 0:
        raise StoreError(f"{spider.name}: its saved day gives {boards} boards: {'; '.join(found.errors) or 'no error'}")
    return boards


def _read(spiders: Iterator[TrackSpider], page: Pages) -> None:
    for _ in range(READS):
        read_all(next(spiders), page)


def _bare(bodies: Sequence[bytes]) -> None:
    for _ in range(READS):
        for body in bodies:
            bare(body)


def bare(body: bytes) -> object:
    return json.loads(body) if _is_json(body) else lxml.html.document_fromstring(body)


def _bare_name(body: bytes) -> str:
    return "json.loads" if _is_json(body) else "lxml.html"


def _is_json(body: bytes) -> bool:
    return body.lstrip()[:1] in {b"{", b"["}
