"""One race as it stands: what its card, its boards and its result say."""

from dataclasses import replace

from alerts.history import field_out
from alerts.reading.chances import Chances
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.storage.race_boards import Teller
from horses_scrapy.storage.stored_race import StoredRace
from horses_scrapy.web.desk import Reading
from horses_scrapy.web.facts import freshness, money
from horses_scrapy.web.facts.choice import Choice, chances_of, choice_of
from horses_scrapy.web.facts.interest import Told
from horses_scrapy.web.facts.names import named
from horses_scrapy.web.facts.one_source import stored_race
from horses_scrapy.web.facts.runners import runners_of
from horses_scrapy.web.facts.stamp import stamp
from horses_scrapy.web.models.base import BoardStamp, instant_or_none
from horses_scrapy.web.models.race import RaceCard, SourceOfRace

NOT_RUN = frozenset({"scheduled", "open", "closed"})
"""A result moves a race on from these."""


def race_card(reading: Reading, race: int | StoredRace, source: str | None = None) -> RaceCard:
    """Raises NotThere."""
    stored = stored_race(reading, race)
    choice = choice_of(stored.tellers, stored.latest, source)
    board = None if choice.teller is None else stored.newest(choice.teller)
    told, chances = _told(stored, choice, board), chances_of(choice.market, board)
    told = told if isinstance(chances, str) else replace(told, chances=chances.of)
    return _card(reading, stored, choice, board, told, chances)


def _card(
    reading: Reading, stored: StoredRace, choice: Choice, board: BoardView | None, told: Told, chances: Chances | str
) -> RaceCard:
    race = stored.race
    return RaceCard(
        **named(race),
        race_type=race.race_type,
        surface=race.surface,
        off_at=instant_or_none(race.off_at),
        official_at=instant_or_none(race.official_at),
        sources=[_source(one) for one in stored.tellers],
        source=told.source,
        market=choice.market,
        board=None if choice.teller is None else _stamp(choice.teller),
        freshness=freshness.by_track(reading).get(race.track_key, freshness.UNWATCHED),
        runners=runners_of(stored.card.runners, stored.card.post_positions, told),
        told_by=None if isinstance(chances, str) else chances.told,
        told_not=chances if isinstance(chances, str) else None,
        pools=money.pools(board),
        takeouts=money.takeouts(reading, choice.market, board),
        result=None if race.status in NOT_RUN else money.result(reading, race.race_id),
        will_pays=money.will_pays(reading, race.race_id, choice.teller),
        estimate=race.status != "official",
    )


def _told(stored: StoredRace, choice: Choice, board: BoardView | None) -> Told:
    teller = choice.teller
    return Told(
        source=None if teller is None else teller.source.name,
        market=choice.market,
        at=None if board is None else board.fetched_at,
        latest=stored.latest,
        notations={one.source.name: one.source.notation for one in stored.tellers},
        paths={} if teller is None or choice.market is None else stored.steps(teller.source_id, choice.market),
        win_pool=None if board is None else board.pools.get("win"),
        chances={},
        out=frozenset() if board is None else field_out(board.runners, board.prices),
    )


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
    return None if teller.board is None else stamp(teller.board, teller.source.name)
