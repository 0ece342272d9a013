"""One race of ATG from a game's answer: its card, its board, how it ended."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from scrapy.http import Response

from horses_scrapy import odds
from horses_scrapy.errors import ParseError
from horses_scrapy.items import Entry, Market, OddsItem, Pool, Price, RaceItem, RaceStatus
from horses_scrapy.sources.atg_calendar import is_track, post_time
from horses_scrapy.sources.atg_names import CURRENCY, NO_ODDS, POOLS, SOURCE, SPORTS, STATUSES
from horses_scrapy.sources.json_body import Json
from horses_scrapy.sources.local_time import local_instant
from horses_scrapy.track_spider import Visit


def find_race(game: Json, visit: Visit, expected: RaceItem) -> Json:
    """The race that was asked for. A game that does not hold it, or holds it as another track's or day's, is a ParseError."""
    races = [race for race in game["races"].elements() if race["id"].text() == expected.source_key]
    if len(races) != 1:
        raise ParseError(f"races: {expected.source_key} was asked for, the answer holds it {len(races)} times")
    race = races[0]
    for field, value in (("date", visit.race_date.isoformat()), ("number", expected.race_number)):
        if race[field].value != value:
            raise ParseError(f"{race.path}.{field}: {value} was asked for, not {race[field].value}")
    if not is_track(race["track"], visit):
        raise ParseError(
            f"{race.path}.track.name: {visit.track.source_key} was asked for, not {race['track']['name'].text()}"
        )
    return race


def parse_card(race: Json, response: Response, visit: Visit, expected: RaceItem) -> RaceItem:
    starts = race["starts"].elements()
    if not starts:
        raise ParseError(f"{race.path}.starts: no start")
    out = scratched(race)
    return replace(
        expected,
        url=response.url,
        fetched_at=visit.fetched_at,
        post_time=post_time(race, visit),
        status=status(race),
        name=race.optional_text("name"),
        race_type=race["sport"].one_of(SPORTS),
        entries=tuple(_entry(start, out) for start in starts),
    )


def status(race: Json) -> RaceStatus:
    """Betting is open while the win pool says so; a race with results is official once the win bet is paid."""
    found = race["status"].one_of(STATUSES)
    pool = race["pools"].get("vinnare")
    if found == "scheduled" and pool is not None and pool.optional_text("status") == "bettable":
        return "open"
    if found == "official" and (pool is None or pool.get("result") is None):
        return "unofficial"
    return found


def scratched(race: Json) -> frozenset[int]:
    """Start numbers out of the race: by their own flag, which only a scratched start has, or by the race's list."""
    flagged = {start["number"].whole() for start in race["starts"].elements() if start.flag("scratched")}
    result = race.get("result")
    listed = {number.whole() for number in result.list_of("scratchings")} if result is not None else set()
    return frozenset(flagged | listed)


def _entry(start: Json, out: frozenset[int]) -> Entry:
    horse = start["horse"]
    number, key, post = start["number"].whole(), horse.get("id"), start.get("postPosition")
    return Entry(
        program_number=str(number),
        label=str(number),
        horse=horse["name"].text(),
        status="scratched" if number in out else "active",
        jockey=_person(start.get("driver")),
        trainer=_person(horse.get("trainer")),
        post_position=str(post.whole()) if post is not None else None,
        horse_country=horse.optional_text("nationality"),
        horse_key=str(key.whole()) if key is not None else None,
    )


def _person(node: Json | None) -> str | None:
    names = [node.optional_text(name) for name in ("firstName", "lastName")] if node is not None else []
    return " ".join(name for name in names if name is not None) or None


def parse_board(race: Json, response: Response, visit: Visit, card: RaceItem) -> OddsItem:
    out = scratched(race)
    return OddsItem(
        track=card.track,
        race_date=card.race_date,
        race_number=card.race_number,
        source=SOURCE,
        url=response.url,
        fetched_at=visit.fetched_at,
        status=card.status,
        prices=tuple(price for start in race["starts"].elements() for price in _prices(start, out)),
        pools=tuple(_pools(race)),
        source_time=_source_time(race, visit),
    )


def _prices(start: Json, out: frozenset[int]) -> Iterator[Price]:
    """Status first. Once a horse is placed, `plats` has its dividend (`odds`) in the place of the range."""
    number = start["number"].whole()
    pools = start["pools"]
    win, place = pools["vinnare"], pools.get("plats")
    quotes: list[tuple[Market, odds.Quote]] = [("win_tote", _quote(win["odds"]))]
    _same_as_final(start, win["odds"])
    if place is not None:
        paid = place.get("odds")
        low, high = (paid, paid) if paid is not None else (place["minOdds"], place["maxOdds"])
        if low.whole() > high.whole():
            raise ParseError(f"{place.path}: from {low.whole()} to {high.whole()} is no range")
        quotes += [("place_low", _quote(low)), ("place_high", _quote(high))]
    for market, shown in quotes:
        quote = odds.SCRATCHED if number in out else shown
        yield Price(label=str(number), market=market, price=quote.price, status=quote.status)


def _quote(node: Json) -> odds.Quote:
    hundredths = node.whole()
    if hundredths < 0 or hundredths * 10 > odds.MAX_PRICE:
        raise ParseError(f"{node.path}: odds in hundredths are expected, not {hundredths}")
    return odds.NOT_QUOTED if hundredths in NO_ODDS or hundredths <= 100 else odds.Quote(hundredths * 10)


def _same_as_final(start: Json, shown: Json) -> None:
    """After the race each start repeats its win odds as a decimal: both are the same price, or one is another's."""
    result = start.get("result")
    final = result.get("finalOdds") if result is not None else None
    if final is not None and final.quote().price != _quote(shown).price:
        raise ParseError(f"{shown.path}: {shown.whole()} hundredths, the final odds are {final.value}")


def _pools(race: Json) -> Iterator[Pool]:
    """Turnover in oere. Merged pools all show the turnover of the whole: it stands once, under the first of them.

    To the oere the same turnover in two pools is one pool, also where the answer forgets to say that they are merged.
    """
    merged = [[bet.text() for bet in pool["betTypes"].elements()] for pool in race.list_of("mergedPools")]
    seen: set[int] = set()
    for bet, bet_type in POOLS.items():
        pool = race["pools"].get(bet)
        turnover = pool.get("turnover") if pool is not None else None
        group = next((bets for bets in merged if bet in bets), [bet])
        if turnover is None or bet != next(one for one in POOLS if one in group) or turnover.whole() in seen:
            continue
        seen.add(turnover.whole())
        yield Pool(bet_type=bet_type, amount=turnover.whole(), currency=CURRENCY)


def offered(race: Json) -> frozenset[str]:
    """Bets of the race: those that have a pool of their own, and those of a merged one."""
    merged = [bet.text() for pool in race.list_of("mergedPools") for bet in pool["betTypes"].elements()]
    return frozenset([*merged, *(bet for bet in POOLS if race["pools"].get(bet) is not None)])


def _source_time(race: Json, visit: Visit) -> datetime | None:
    """When the win pool was calculated, to the second, in local time."""
    pool = race["pools"].get("vinnare")
    stamp = pool.get("timestamp") if pool is not None else None
    return local_instant(stamp.text(), visit.track.timezone, stamp.path) if stamp is not None else None
