"""One race as it stands: what its card, its boards and its result say."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.history import field_out
from horses_scrapy.storage.board_reader import board_view, runners
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.price_paths import Step, Teller, interests, post_positions, price_paths, tellers
from horses_scrapy.storage.queries import LatestPrice, latest_odds
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts import freshness, money
from horses_scrapy.web.facts.choice import Choice, chances_of, choice_of
from horses_scrapy.web.facts.interest import Told
from horses_scrapy.web.facts.names import race_name, the_race
from horses_scrapy.web.facts.odds_history import END
from horses_scrapy.web.facts.runners import runners_of
from horses_scrapy.web.models.base import BoardStamp, instant, instant_or_none
from horses_scrapy.web.models.race import RaceCard, SourceOfRace

NOT_RUN = frozenset({"scheduled", "open", "closed"})
"""A result moves a race on from these."""


def race_card(reading: Reading, race_id: int, source: str | None = None) -> RaceCard:
    """Raises NotThere."""
    race = the_race(reading, race_id)
    connection = reading.connection
    found = tellers(connection, race_id)
    latest = latest_odds(connection, race_id)
    choice = choice_of(found, latest, source)
    board = _board(reading, choice.teller)
    told = _told(reading, race_id, choice, found, latest, board)
    chances = chances_of(choice.market, board)
    told = told if isinstance(chances, str) else replace(told, chances=chances.of)
    card = runners(connection, race_id) if board is None else board.runners
    return RaceCard(
        **dict(race_name(race)),
        race_type=race.race_type,
        surface=race.surface,
        off_at=instant_or_none(race.off_at),
        official_at=instant_or_none(race.official_at),
        sources=[_source(one) for one in found],
        source=told.source,
        market=choice.market,
        board=None if choice.teller is None else _stamp(choice.teller),
        freshness=freshness.by_track(reading).get(race.track_key, freshness.UNWATCHED),
        runners=runners_of(card, post_positions(connection, race_id), told),
        told_by=None if isinstance(chances, str) else chances.told,
        told_not=chances if isinstance(chances, str) else None,
        pools=money.pools(board),
        takeouts=money.takeouts(reading, choice.market, board),
        result=None if race.status in NOT_RUN else money.result(reading, race_id),
        will_pays=money.will_pays(reading, race_id, choice.teller),
        estimate=race.status != "official",
    )


def _board(reading: Reading, teller: Teller | None) -> BoardView | None:
    return None if teller is None or teller.board is None else board_view(reading.connection, teller.board.board_id)


def _told(
    reading: Reading,
    race_id: int,
    choice: Choice,
    found: Sequence[Teller],
    latest: Sequence[LatestPrice],
    board: BoardView | None,
) -> Told:
    teller = choice.teller
    return Told(
        source=None if teller is None else teller.source.name,
        market=choice.market,
        at=None if board is None else board.fetched_at,
        latest=latest,
        notations={one.source.name: one.source.notation for one in found},
        paths=_paths(reading, race_id, choice),
        win_pool=None if board is None else board.pools.get("win"),
        chances={},
        out=frozenset() if board is None else field_out(board.runners, board.prices),
    )


def _paths(reading: Reading, race_id: int, choice: Choice) -> dict[str, Sequence[Step]]:
    if choice.teller is None or choice.market is None:
        return {}
    labels = interests(reading.connection, race_id)
    found = price_paths(reading.connection, race_id, [choice.teller.source_id], choice.market, END)
    return {labels[interest]: path for (_, interest), path in found.steps.items()}


def _source(teller: Teller) -> SourceOfRace:
    source = teller.source
    return SourceOfRace(
        name=source.name,
        is_primary=teller.is_primary,
        url=teller.url,
        notation=source.notation,
        basis=source.basis,
        board=_stamp(teller),
    )


def _stamp(teller: Teller) -> BoardStamp | None:
    board = teller.board
    if board is None:
        return None
    return BoardStamp(
        board_id=board.board_id,
        source=teller.source.name,
        fetched_at=instant(board.fetched_at),
        source_time=instant_or_none(board.source_time),
        status=board.status,
        minutes_to_post=board.minutes_to_post,
        flags=list(board.flags),
    )
