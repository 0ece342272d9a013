"""What is bet on one interest, by what is known of all. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from horses_scrapy.items import Market, Notation
from horses_scrapy.storage.board_view import PoolView, Shown
from horses_scrapy.storage.price_paths import Step
from horses_scrapy.storage.queries import LatestPrice
from horses_scrapy.web.facts.choice import TO_WIN
from horses_scrapy.web.facts.moves import WINDOW_MS, change, odds_of, opening, scratches, spark, standing
from horses_scrapy.web.models.base import Odds, in_units
from horses_scrapy.web.models.race import Change


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is known of a race's interests, by label. source, market: those shown. at: of the source's newest board.

    paths: in that market. out: interests on which no bet stands.
    """

    source: str | None
    market: Market | None
    at: int | None
    latest: Sequence[LatestPrice]
    notations: Mapping[str, Notation]
    paths: Mapping[str, Sequence[Step]]
    win_pool: PoolView | None
    chances: Mapping[str, float]
    out: frozenset[str]

    @property
    def notation(self) -> Notation:
        return "decimal" if self.source is None else self.notations[self.source]

    @cached_property
    def scratched_at(self) -> int:
        """The last time that one went out."""
        return max(scratches(self.paths.values()), default=0)

    @cached_property
    def by_label(self) -> Mapping[str, Sequence[LatestPrice]]:
        found: defaultdict[str, list[LatestPrice]] = defaultdict(list)
        for one in self.latest:
            found[one.label].append(one)
        return found

    @cached_property
    def money(self) -> int:
        """In the win pool on all that run, in minor units."""
        amounts = {} if self.win_pool is None else self.win_pool.amounts
        return sum(amount for label, amount in amounts.items() if label not in self.out)

    def interest(self, label: str) -> "Interest":
        own = self.by_label.get(label, ())
        shown = {one.market: Shown(one.price, one.status) for one in own if one.source == self.source}
        now = None if self.market is None else shown.get(self.market)
        return Interest(label, self, now, shown, own, self.paths.get(label, ()))


@dataclass(frozen=True, slots=True)
class Interest:
    """now: its price in the market shown. shown: by market, of the source shown. latest: of all sources."""

    label: str
    told: Told
    now: Shown | None
    shown: Mapping[Market, Shown]
    latest: Sequence[LatestPrice]
    path: Sequence[Step]

    def odds(self) -> Odds | None:
        return None if self.now is None else odds_of(self.now, self.told.notation)

    def others(self) -> dict[Market, Odds]:
        told = self.told
        return {market: odds_of(one, told.notation) for market, one in self.shown.items() if market != told.market}

    def elsewhere(self) -> dict[str, Odds]:
        """At each other source, in the first market to win that it has a price in."""
        found: dict[str, Odds] = {}
        ranked = sorted((one for one in self.latest if one.market in TO_WIN), key=lambda one: TO_WIN.index(one.market))
        for one in ranked:
            if one.source != self.told.source and one.price is not None:
                found.setdefault(one.source, odds_of(Shown(one.price, one.status), self.told.notations[one.source]))
        return found

    def amount(self) -> float | None:
        pool = self.told.win_pool
        amount = None if pool is None else pool.amounts.get(self.label)
        return None if pool is None or amount is None else in_units(amount, pool.currency)

    def share(self) -> float | None:
        pool = self.told.win_pool
        if pool is None or self.label in self.told.out or self.label not in pool.amounts:
            return None
        total = self.told.money
        return round(pool.amounts[self.label] / total, 6) if total > 0 else None

    def open(self) -> Odds | None:
        first = opening(self.path)
        return None if first is None else odds_of(first.shown, self.told.notation)

    def since_open(self) -> Change | None:
        first = opening(self.path)
        return None if first is None else self._change(first, first.at)

    def lately(self) -> Change | None:
        if self.told.at is None:
            return None
        since = self.told.at - WINDOW_MS
        return self._change(standing(self.path, since), since)

    def spark(self) -> list[float]:
        return [] if self.told.at is None else spark(self.path, self.told.at)

    def _change(self, before: Step | None, since: int) -> Change | None:
        return change(before, self.now, since, self.told.scratched_at, self.told.notation)
