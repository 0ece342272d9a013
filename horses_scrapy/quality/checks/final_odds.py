"""Whether a race that is over has its final odds, or the reason why not: each race has exactly one code."""

from collections import Counter
from typing import Literal

from horses_scrapy.quality.phase import NOT_RUN, OFF, given_up, imported, is_sound
from horses_scrapy.quality.verdict import NOTHING, Asked, Check, Problem, Verdict, looked
from horses_scrapy.storage.quality.facts import RaceFacts, SourceFacts
from horses_scrapy.storage.runs import GOOD
from horses_scrapy.storage.system_facts import SILENT

Reason = Literal[
    "final_captured", "cancelled", "postponed", "imported", "pruned", "no_source", "no_crawl", "source_down", "no_boards",
    "no_board_after_off", "never_official", "suspect", "no_prices",
]  # fmt: skip

SOUND: frozenset[Reason] = frozenset({"final_captured", "cancelled", "postponed", "imported", "pruned"})
"""Nothing is missing, or nothing can be done."""
_TOLD_BY_CRAWLS: frozenset[Reason] = frozenset({"no_crawl", "source_down", "no_boards", "no_board_after_off"})
"""Prune removes old crawls, and so the reason."""


def final_odds(race: RaceFacts, asked: Asked) -> Verdict:
    reason = reason_of(race, asked)
    if reason is None:
        return NOTHING
    if reason in SOUND:
        return looked(note=reason)
    return looked(Problem(text=f"{reason}: {_words(reason, race)}"), note=reason)


def reason_of(race: RaceFacts, asked: Asked) -> Reason | None:
    """None while the race is not over."""
    if race.status in NOT_RUN:
        return "cancelled" if race.status == "cancelled" else "postponed"
    if race.status != "official" and not given_up(race, asked):
        return None
    found = _of_source(race, race.primary)
    if found == "final_captured":
        return found
    if imported(race):
        return "imported"
    return "pruned" if asked.is_thinned(race) and found in _TOLD_BY_CRAWLS else found


def _of_source(race: RaceFacts, source: SourceFacts | None) -> Reason:
    if source is None:
        return "no_source"
    after = [seen for seen in source.boards if seen.status in OFF]
    if not after:
        return _of_crawls(race, boards=bool(source.boards))
    sound = [seen for seen in after if is_sound(seen)]
    if race.status != "official":
        return "never_official"
    if not sound:
        return "suspect"
    shown = source.quoted or any(at > sound[0].at for at in source.gone)  # a source may blank prices with the result
    return "final_captured" if shown else "no_prices"


def _of_crawls(race: RaceFacts, *, boards: bool) -> Reason:
    """Why no board came: after the off, or at all."""
    ended = _ended(race, boards=boards)
    if not ended:
        return "no_crawl"
    if not any(outcome in GOOD for outcome in ended):
        return "source_down"
    return "no_board_after_off" if boards else "no_boards"


def _ended(race: RaceFacts, *, boards: bool) -> list[str]:
    """Outcomes of the runs that asked the source, around the off; after it where there are boards from before."""
    since = race.off if boards and race.off is not None else 0
    outcomes = (run.outcome for run in race.crawls if run.started_at >= since)
    return [outcome for outcome in outcomes if outcome is not None and outcome not in SILENT]


def _words(reason: Reason, race: RaceFacts) -> str:
    if reason == "source_down":
        ended = Counter(_ended(race, boards=race.primary is not None and bool(race.primary.boards)))
        return "crawls around the off ended " + ", ".join(f"{name} {count}" for name, count in ended.most_common())
    return {
        "no_source": "no source told of the race",
        "no_crawl": "no crawl of the track began around the off",
        "no_boards": "crawls went well and no board came",
        "no_board_after_off": "boards stop before the off",
        "never_official": f"it stands at {race.status}",
        "suspect": "all boards after the off are suspect",
        "no_prices": "boards after the off show no win price",
    }[reason]


FINAL_ODDS = Check(
    name="final_odds",
    level="fail",
    advice="by reason: source_down, no_crawl: the crawls of that time; never_official: scraping.after_post_cap; others: the site",
    judge=final_odds,
)
