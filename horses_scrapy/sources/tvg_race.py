"""One race of FanDuel Racing: entries, board, will-pays, result."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import AnyItem, Entry, OddsItem, Price, RaceItem, ResultItem
from horses_scrapy.program_number import interest_of
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.pairs import without_pairs
from horses_scrapy.sources.tvg_card import card_race, the_race
from horses_scrapy.sources.tvg_names import SOURCE, quote
from horses_scrapy.sources.tvg_pools import exacta, pools
from horses_scrapy.sources.tvg_result import finishers, payoffs, will_pays
from horses_scrapy.track_spider import Visit

Part = TypeVar("Part", bound=tuple[Any, ...])


def parse_race(response: Response, visit: Visit, race: RaceItem) -> Iterator[AnyItem]:
    """One race whole. Probables, will-pays or results that cannot be read do not cost the board: ParseError at the end."""
    node = the_race(response, visit, race)
    interests = node["bettingInterests"].elements()
    card = replace(card_race(node, response, visit), entries=_entries(interests, node))
    faults: list[ParseError] = []
    result = _unless_faulty(lambda: _result(node, card, visit.track.currency), faults)
    card = replace(card, status=result[0].status if result else card.status)
    grids = _unless_faulty(lambda: exacta(node, card, visit), faults)
    board = OddsItem(
        **_key(card),
        status=card.status,
        prices=tuple(_price(interest) for interest in interests),
        pools=pools(node, interests, visit.track.currency),
        grids=grids,
        will_pays=_unless_faulty(lambda: will_pays(node, card, visit.track.currency), faults),
        source_time=_made_at(response),
        minutes_to_post=_minutes(node),
        mtp_text=_mtp_text(node),
    )
    yield card
    yield without_pairs(board) if _lacks_pairs(board) else board
    yield from result
    if faults:
        raise ParseError("; ".join(map(str, faults)))


def _unless_faulty(read: Callable[[], Part], faults: list[ParseError]) -> Part | tuple[()]:
    try:
        return read()
    except ParseError as fault:
        faults.append(fault)
        return ()


def _key(race: RaceItem) -> dict[str, Any]:
    return {
        "track": race.track,
        "race_date": race.race_date,
        "race_number": race.race_number,
        "source": SOURCE,
        "url": race.url,
        "fetched_at": race.fetched_at,
    }


def _entries(interests: list[Json], node: Json) -> tuple[Entry, ...]:
    """Every horse once; each interest holds the horse of its own number, whatever others are coupled with it."""
    labels = [_label(interest) for interest in interests]
    if not labels or len(set(labels)) != len(labels):
        raise ParseError(f"{node.path}.bettingInterests: the numbers are {labels}, each is expected once")
    entries = tuple(entry for interest in interests for entry in _of_interest(interest))
    numbers = [entry.program_number for entry in entries]
    if len(set(numbers)) != len(numbers):
        raise ParseError(f"{node.path}.bettingInterests: runners {numbers}, each is expected once")
    return entries


def _label(interest: Json) -> str:
    return str(interest["biNumber"].whole())


def _of_interest(interest: Json) -> Iterator[Entry]:
    runners = interest["runners"].elements()
    label = _label(interest)
    if all(interest_of(runner["runnerId"].text()) != label for runner in runners):
        raise ParseError(f"{interest.path}: none of its {len(runners)} runners is a {label}")
    for runner in runners:
        yield Entry(
            program_number=runner["runnerId"].text(),
            label=label,
            horse=runner["horseName"].text(),
            status="scratched" if runner["scratched"].truth() else "active",
            jockey=runner.optional_text("jockey"),
            trainer=runner.optional_text("trainer"),
            morning_line=quote(interest.get("morningLineOdds")).price,
        )


def _price(interest: Json) -> Price:
    """The odds of the interest, until the last of its horses is scratched."""
    shown = quote(interest.get("currentOdds"))
    if all(runner["scratched"].truth() for runner in interest["runners"].elements()):
        shown = odds.SCRATCHED
    return Price(label=_label(interest), market="win_tote", price=shown.price, status=shown.status)


def _lacks_pairs(board: OddsItem) -> bool:
    """Whether probables are due: there is money on pairs and the betting is not over."""
    money = any(pool.bet_type == "exacta" and pool.amount > 0 for pool in board.pools)
    return money and not board.grids and board.status == "open"


def _result(node: Json, card: RaceItem, currency: str) -> tuple[ResultItem, ...]:
    order = finishers(node, card)
    if not order:
        return ()
    paid = payoffs(node, currency)
    return (ResultItem(**_key(card), status="official" if paid else "unofficial", finishers=order, payoffs=paid),)


def _made_at(response: Response) -> datetime | None:
    """The HTTP Date header: a server without a sound one costs the board its age, not its prices."""
    text = (response.headers.get("Date") or b"").decode("latin-1")
    try:
        made = parsedate_to_datetime(text)
    except ValueError:
        return None
    return made.astimezone(UTC) if made.tzinfo is not None else None


def _minutes(node: Json) -> int | None:
    """None where the service gives none, or a negative number once the post has passed."""
    minutes = node.get("mtp")
    return minutes.whole() if minutes is not None and minutes.whole() >= 0 else None


def _mtp_text(node: Json) -> str | None:
    minutes = node.get("mtp")
    return str(minutes.value) if minutes is not None else None
