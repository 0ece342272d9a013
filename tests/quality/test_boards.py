"""Gaps, few boards, freshness: what they let pass, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from race_facts import AFTER, CADENCE, POST, asked, ms, polled, race, seen, source

from horses_scrapy.quality.checks.boards import few_boards, freshness, gaps, suspect_boards
from horses_scrapy.quality.phase import due_by

WHOLE = (*polled(), *AFTER)


def without(since, until):
    """A day's boards but for those from an instant up to another."""
    return tuple(one for one in WHOLE if not ms(since) <= one.at < ms(until))


GAPS = {
    "as the cadence asks": (race(source(WHOLE)), {}, []),
    "one far poll missed": (race(source(without(300, 301))), {}, []),
    "two far polls missed": (
        race(source(without(300, 700))),
        {},
        ["no board from 16:00:00 to 16:15:00: 15.0 min, 10.0 min allowed"],
    ),
    "one near poll missed": (race(source(without(1500, 1501))), {}, []),
    "two near polls missed": (
        race(source(without(1500, 1561))),
        {},
        ["no board from 16:24:00 to 16:27:00: 3.0 min, 2.0 min allowed"],
    ),
    "near begins within a far one": (
        race(source(without(1100, 1500))),
        {},
        ["no board from 16:15:00 to 16:25:00: 10.0 min, 7.0 min allowed"],
    ),
    "the last minutes": (
        race(source(without(1600, POST)), off=1860),
        {},
        ["no board from 16:26:00 to 16:31:00: 5.0 min, 2.0 min allowed"],
    ),
    "after the off nobody asks": (race(source((*polled(), seen(3600, "official")))), {}, []),
    "it is still to come": (race(source(polled(900)), status="open"), {"now": 1000}, []),
    "thinned": (race(source(without(300, 1700))), {"pruned_before": "2026-05-03"}, None),
    "thinned up to its day": (race(source(without(300, 700))), {"pruned_before": "2026-05-02"}, ["16:00:00"]),
    "imported": (race(source(without(300, 1700)), created=9000), {}, None),
    "cancelled": (race(source(polled(600)), status="cancelled"), {}, []),
    "no board": (race(source()), {}, None),
    "no source": (race(), {}, None),
}


@pytest.mark.parametrize("case", GAPS)
def test_gaps(case):
    facts, around, expected = GAPS[case]
    verdict = gaps(facts, asked(**around))
    assert verdict.looked == (expected is not None)
    assert len(verdict.problems) == len(expected or [])
    assert all(told in problem.text for told, problem in zip(expected or [], verdict.problems, strict=True))


def test_what_is_passed_over_says_why():
    thinned = gaps(race(source(without(300, 1700))), asked(pruned_before="2026-05-03"))
    assert thinned.note == "passed over: thinned by prune"
    assert few_boards(race(source(WHOLE)), asked(pruned_before="2026-05-03")).note == thinned.note
    assert gaps(race(source(WHOLE), created=9000), asked()).note == "passed over: came in after the off"


def test_a_wider_gap_weighs_more():
    wide, narrow = (gaps(race(source(without(since, 1700))), asked()).problems[0] for since in (1300, 1500))
    assert wide.weight > narrow.weight > 1


@given(st.integers(-86_400, POST + 2700), st.integers(0, 3600))
def test_a_board_is_due_later_the_later_the_last_one_was(at, later):
    first, second = (due_by(ms(one), ms(POST), CADENCE) for one in (at, at + later))
    assert ms(at) < first <= second


@given(st.integers(0, 600), st.integers(30, 600), st.integers(30, 300))
def test_polling_as_the_cadence_asks_leaves_no_gap(since, far, near):
    told = CADENCE.model_copy(update={"default_interval": far, "near_post_interval": near})
    boards = [seen(since)]
    while (at := (boards[-1].at - ms(0)) / 1000) < POST:
        boards.append(seen(at + (near if at >= POST - 600 else min(far, max(near, POST - 600 - at)))))
    assert gaps(race(source(boards)), asked(scraping=told)).problems == ()


FEW = {
    "as many as are due": (race(source(WHOLE[:10])), {}, ()),
    "one less": (race(source(WHOLE[:9])), {}, ("9 boards, 10 expected",)),
    "none": (race(source()), {}, ("0 boards, 10 expected",)),
    "no source": (race(), {}, ("0 boards, 10 expected",)),
    "told otherwise": (race(source(WHOLE[:2])), {"min_boards": 2}, ()),
    "cancelled": (race(source(), status="cancelled"), {}, ()),
    "still to come": (race(source(), status="open"), {"now": POST}, ()),
    "never told that it is over": (race(source(), status="open"), {}, ("0 boards, 10 expected",)),
    "known too late": (race(source(), created=POST - 300), {}, ()),
    "known too late for its post, which it kept not": (race(source(), created=POST - 300, off=POST + 600), {}, ()),
    "known as its last minutes begin": (race(source(), created=POST - 600), {}, ("0 boards, 10 expected",)),
}


@pytest.mark.parametrize("case", FEW)
def test_few_boards(case):
    facts, around, expected = FEW[case]
    assert tuple(problem.text for problem in few_boards(facts, asked(**around)).problems) == expected


OPEN = {"status": "open"}
FRESH = {
    "just polled": (race(source([seen(1500)]), **OPEN), 1560, ()),
    "twice the near cadence": (race(source([seen(1500)]), **OPEN), 1620, ()),
    "more": (race(source([seen(1500)]), **OPEN), 1630, ("no newer board than that of 16:25:00: 2.2 min",)),
    "far from the post": (race(source([seen(0)]), **OPEN), 590, ()),
    "far, and too old": (race(source([seen(0)]), **OPEN), 660, ("no newer board than that of 16:00:00: 11.0 min",)),
    "no board, its last minutes begin": (race(source(), **OPEN), 1300, ()),
    "no board, its last minutes": (
        race(source(), **OPEN),
        1500,
        ("no board, and it is near its post since 16:20:00: 5.0 min",),
    ),
    "it came in just now": (race(source(), created=1490, **OPEN), 1500, ()),
    "not official yet": (race(source([seen(1900, "closed")]), status="closed"), 2400, (": 8.3 min",)),
    "given up": (race(source([seen(1900, "closed")]), status="closed"), POST + 2700, ()),
    "over": (race(source([seen(0)])), 1700, ()),
    "of a track that is not watched": (race(source([seen(0)]), track_key="ascot", **OPEN), 1700, ()),
    "of another day": (race(source([seen(0)]), race_date="2026-05-03", **OPEN), 1700, ()),
    "without a post": (race(source([seen(0)]), post_time=None, **OPEN), 700, (": 11.7 min",)),
    "without a post or a board": (race(source(), post_time=None, **OPEN), 700, ()),
}


@pytest.mark.parametrize("case", FRESH)
def test_freshness(case):
    facts, now, expected = FRESH[case]
    problems = freshness(facts, asked(now)).problems
    assert len(problems) == len(expected)
    assert all(told in problem.text for told, problem in zip(expected, problems, strict=True))


def test_suspect_boards_are_counted_by_the_checks_that_flagged_them():
    boards = [seen(0), seen(60, "open", "suspect", "overround"), seen(120, "open", "suspect", "overround", "frozen")]
    (problem,) = suspect_boards(race(source(boards)), asked()).problems
    assert problem.text == "2 of 3 boards are suspect: overround 2, frozen 1"
    assert suspect_boards(race(source([seen(0, "open", "no_pairs")])), asked()).problems == ()
    assert suspect_boards(race(source()), asked()).looked == 0
