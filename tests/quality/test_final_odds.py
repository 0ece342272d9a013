"""Every race that is over has its final odds or one reason why not."""

from typing import get_args

import pytest
from race_facts import AFTER, POST, asked, crawl, polled, race, seen, source

from horses_scrapy.quality.checks.final_odds import SOUND, Reason, final_odds, reason_of

BEFORE = polled()
SUSPECT_AFTER = tuple(seen(1860 + 60 * nth, "official", "suspect", "overround") for nth in range(3))
THINNED = {"pruned_before": "2026-06-01"}

REASONS = {
    "a sound board after the off": (race(source((*BEFORE, *AFTER))), {}, "final_captured"),
    "only the closed one": (race(source((*BEFORE, AFTER[0]))), {}, "final_captured"),
    "prices blanked with the result": (
        race(source((*BEFORE, *AFTER), quoted=frozenset(), gone=(AFTER[2].at,))),
        {},
        "final_captured",
    ),
    "called off": (race(source(BEFORE), status="cancelled"), {}, "cancelled"),
    "put off": (race(source(BEFORE), status="postponed"), {}, "postponed"),
    "yesterday's results": (race(source(), created=9000), {}, "imported"),
    "came in late, and whole": (race(source(AFTER), created=1850), {}, "final_captured"),
    "no boards left": (race(source()), THINNED, "pruned"),
    "boards are left, the crawls that would tell why are not": (race(source(BEFORE)), THINNED, "pruned"),
    "thinned, and its final board is there": (race(source((BEFORE[0], *AFTER))), THINNED, "final_captured"),
    "thinned, and flagged": (race(source(SUSPECT_AFTER)), THINNED, "suspect"),
    "nobody told of it": (race(), {}, "no_source"),
    "the scheduler was down": (race(source(BEFORE)), {}, "no_crawl"),
    "it was up until the off": (race(source(BEFORE), crawls=(crawl(POST - 60, "ok"),)), {}, "no_crawl"),
    "a run that asked nobody": (race(source(BEFORE), crawls=(crawl(1860, "superseded"),)), {}, "no_crawl"),
    "the source refused": (
        race(source(BEFORE), crawls=(crawl(1860, "blocked"), crawl(1920, "timeout"), crawl(1980, "blocked"))),
        {},
        "source_down",
    ),
    "it refused at the off alone": (
        race(source(BEFORE), crawls=(crawl(1860, "blocked"), crawl(1920, "ok"))),
        {},
        "no_board_after_off",
    ),
    "crawls went well": (race(source(), crawls=(crawl(900, "ok"), crawl(1860, "ok"))), {}, "no_boards"),
    "it hangs at unofficial": (race(source((*BEFORE, *AFTER[:2])), status="unofficial"), {}, "never_official"),
    "flagged": (race(source((*BEFORE, *SUSPECT_AFTER))), {}, "suspect"),
    "empty boards": (race(source((*BEFORE, *AFTER), quoted=frozenset())), {}, "no_prices"),
    "prices went before the off": (
        race(source((*BEFORE, *AFTER), quoted=frozenset(), gone=(BEFORE[3].at,))),
        {},
        "no_prices",
    ),
    "it may still come": (race(source(BEFORE), status="open"), {"now": POST + 600}, None),
    "it is still to come": (race(source(BEFORE), status="open"), {"now": 0}, None),
}


@pytest.mark.parametrize("case", REASONS)
def test_the_reason(case):
    facts, around, expected = REASONS[case]
    assert reason_of(facts, asked(**around)) == expected
    verdict = final_odds(facts, asked(**around))
    assert verdict.note == expected
    assert bool(verdict.problems) is (expected is not None and expected not in SOUND)


def test_every_reason_has_a_race():
    assert {expected for _, _, expected in REASONS.values()} == {*get_args(Reason), None}


def test_a_source_that_was_down_is_told_with_what_its_crawls_ended():
    facts, _, _ = REASONS["the source refused"]
    (problem,) = final_odds(facts, asked()).problems
    assert problem.text == "source_down: crawls around the off ended blocked 2, timeout 1"
