"""TAB Australia: identity, statuses, prices, results. Documents are ours, in the service's form."""

import itertools
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from documents import objects, put, remove, response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import SHIPPED

from horses_scrapy.errors import NoCard, ParseError
from horses_scrapy.items import RaceItem, RaceStatus
from horses_scrapy.sources.tab_au import api_url, parse_card, race_path
from horses_scrapy.sources.tab_au_race import RaceSheet, parse_race
from horses_scrapy.track_spider import Visit

Saved = Callable[[str], Any]
NOW = "2026-02-14T00:59:00Z"
DAY = date(2026, 2, 14)
VISIT = Visit(SHIPPED.tracks["randwick"], DAY, datetime.fromisoformat(NOW))
CARD, PAID, EARLY = (f"randwick/race_day/{page}" for page in ("meetings", "race_1", "race_2"))
OURS = "meetings[3]"


def card(document: Any) -> list[RaceItem]:
    return list(parse_card(response(document), VISIT))


def sheet(saved: Saved, document: Any, number: int = 1) -> RaceSheet:
    race = next(race for race in card(saved(CARD)) if race.race_number == number)
    return parse_race(response(document), VISIT, race)


def changed(document: Any, path: str, value: object) -> Any:
    put(document, path, value)
    return document


def shown(read: RaceSheet, market: str) -> dict[str, tuple[int | None, str]]:
    return {price.label: (price.price, price.status) for price in read.board.prices if price.market == market}


STATUSES: list[tuple[str, RaceStatus]] = [
    ("Normal", "open"), ("Open", "open"), ("Closed", "closed"), ("Interim", "unofficial"), ("Paying", "official"),
    ("Abandoned", "cancelled"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "status"), STATUSES)
def test_every_status_on_the_card_and_in_the_race(saved: Saved, word: str, status: RaceStatus) -> None:
    meetings, race = saved(CARD), saved(PAID)
    put(meetings, f"{OURS}.races[0].raceStatus", word)
    put(race, "raceStatus", word)
    assert card(meetings)[0].status == status
    read = sheet(saved, race)
    assert (read.race.status, read.board.status) == (status, status)
    assert (read.result.status if read.result is not None else None) == (status if status in {"unofficial", "official"} else None)  # fmt: skip


@pytest.mark.parametrize("word", ["Resulted", "normal", "", 3])
def test_an_unknown_status_is_loud_and_costs_no_other_race(saved: Saved, word: object) -> None:
    meetings = saved(CARD)
    put(meetings, f"{OURS}.races[0].raceStatus", word)
    races = parse_card(response(meetings), VISIT)
    assert [race.race_number for race in itertools.islice(races, 2)] == [2, 3]
    with pytest.raises(ParseError, match=r"meetings\[3\]\.races\[0\]\.raceStatus: "):
        next(races)


@pytest.mark.parametrize(
    ("name", "race_type", "found"),
    [
        ("RANDWICK", "R", "gallops"),
        ("Randwick", "R", "gallops"),
        ("RANDWICK", "H", "harness"),
        ("RANDWICK", "G", None),
        ("RANDWICK-KENSINGTON", "R", None),
        ("ROYAL RANDWICK", "R", None),
    ],
)
def test_which_meeting_is_the_tracks(saved: Saved, name: str, race_type: str, found: str | None) -> None:
    meetings = saved(CARD)
    put(meetings, f"{OURS}.meetingName", name)
    put(meetings, f"{OURS}.raceType", race_type)
    if found is not None:
        assert {race.race_type for race in card(meetings)} == {found}
    else:
        with pytest.raises(NoCard, match="RANDWICK on 2026-02-14"):
            card(meetings)


def test_two_meetings_that_would_mix_their_race_numbers_are_refused(saved: Saved) -> None:
    meetings = saved(CARD)
    put(meetings, "meetings[1].raceType", "H")
    with pytest.raises(ParseError, match=r"2 are called RANDWICK \(H, R\)"):
        card(meetings)


@pytest.mark.parametrize("value", ["2026-02-13", "today", "2026-02-14T00:00:00Z"])
def test_a_meeting_of_another_day_is_refused(saved: Saved, value: str) -> None:
    meetings = saved(CARD)
    put(meetings, f"{OURS}.meetingDate", value)
    with pytest.raises(ParseError, match=r"meetings\[3\]\.meetingDate"):
        card(meetings)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("meeting.meetingName", "FLEMINGTON"),
        ("meeting.meetingDate", "2026-02-13"),
        ("meeting.venueMnemonic", "XQK"),
        ("meeting.raceType", "H"),
        ("raceNumber", 2),
        ("raceStartTime", "2026-02-14T00:10:00"),
        ("oddsUpdateTime", "00:58:40"),
        ("runners", []),
        ("runners[1].runnerNumber", 1),
        ("runners[0].runnerNumber", 9),
        ("runners[0].runnerNumber", "1"),
        ("runners[0].parimutuel.bettingStatus", "Refunded"),
        ("runners[0].fixedOdds.bettingStatus", "Void"),
        ("runners[0].parimutuel.returnWin", "2.90"),
        ("runners[0].parimutuel.returnWin", -2.9),
        ("pools[0].poolTotal", 13.005),
        ("results[0][0]", 9),
        ("results[1]", [1, 3]),
        ("results[1]", [1, 2]),
    ],
)
def test_another_race_or_an_unsound_one_is_refused(saved: Saved, path: str, value: object) -> None:
    document = changed(saved(PAID), path, value)
    with pytest.raises(ParseError):
        sheet(saved, document)


def test_two_runners_who_change_numbers_are_told_by_the_address_of_their_form(saved: Saved) -> None:
    document = saved(PAID)
    for index, number in ((0, 2), (1, 1)):
        put(document, f"runners[{index}].runnerNumber", number)
    with pytest.raises(ParseError, match=r"runners\[0\]\._links\.form"):
        sheet(saved, document)


@pytest.mark.parametrize(
    ("tote", "fixed", "status", "prices"),
    [
        ("Open", "Open", "active", [2900, 2600, 1400]),
        ("Closed", "Open", "active", [2900, 2600, 1400]),
        ("Open", "Suspended", "active", [2900, None, 1400]),
        ("Closed", "Loser", "active", [2900, None, 1400]),
        ("Scratched", "Open", "scratched", [None, None, None]),
        ("Open", "LateScratched", "late_scratch", [None, None, None]),
        ("Scratched", "LateScratched", "late_scratch", [None, None, None]),
        ("Open", "Scratched", "scratched", [None, None, None]),
        ("Scratched", None, "scratched", [None, None, None]),
        ("Open", None, "active", [2900, None, 1400]),
    ],
)
def test_status_first_a_scratched_runner_never_has_a_price(
    saved: Saved, tote: str, fixed: str | None, status: str, prices: list[int | None]
) -> None:
    document = saved(EARLY)
    document["runners"][0]["parimutuel"].update(returnWin=2.9, returnPlace=1.4, bettingStatus=tote)
    if fixed is None:
        remove(document, "runners[0].fixedOdds")
    else:
        put(document, "runners[0].fixedOdds.bettingStatus", fixed)
    read = sheet(saved, document, 2)
    assert read.race.entries[0].status == status
    assert [price.price for price in read.board.prices[:3]] == prices
    assert {price.status for price in read.board.prices[:3]} == {"active" if status == "active" else "scratched"}


def test_zero_and_one_are_no_prices_and_a_thin_pools_are_read_as_they_are(saved: Saved) -> None:
    """13 dollars in the pool: 1.04 and 22.20 are what is shown. Whether they mean anything is not for the source to say."""
    read = sheet(saved, saved(EARLY), 2)
    assert shown(read, "win_tote") == {
        "1": (1040, "active"), "2": (22_200, "active"), "3": (None, "active"), "4": (None, "scratched"), "5": (22_200, "active"),
    }  # fmt: skip
    assert shown(read, "place_low")["1"] == (None, "active")
    assert [(pool.bet_type, pool.amount, pool.currency) for pool in read.board.pools] == [
        ("win", 1300, "AUD"),
        ("exacta", 100, "AUD"),
    ]


def test_the_boards_age_is_the_totes_and_not_the_bookmakers(saved: Saved) -> None:
    document = saved(EARLY)
    assert sheet(saved, document, 2).board.source_time == datetime.fromisoformat("2026-02-14T00:58:40Z")
    remove(document, "oddsUpdateTime")
    assert sheet(saved, document, 2).board.source_time is None


def test_a_rider_who_is_not_notified_is_no_rider(saved: Saved) -> None:
    withdrawn = sheet(saved, saved(PAID)).race.entries[2]
    assert (withdrawn.jockey, withdrawn.trainer, withdrawn.status) == (None, "F GUMNUT", "late_scratch")
    assert withdrawn.scratched_at == datetime.fromisoformat("2026-02-13T23:40:00Z")


@pytest.mark.parametrize(
    ("results", "places"),
    [
        ([[2], [1], [4], [5]], [(1, "2"), (2, "1"), (3, "4"), (4, "5")]),
        ([[2], [1, 4], [], [5]], [(1, "2"), (2, "1"), (2, "4"), (4, "5")]),
        ([[2], [1, 4], [5]], [(1, "2"), (2, "1"), (2, "4"), (4, "5")]),
        ([[2, 1], [], [4], []], [(1, "2"), (1, "1"), (3, "4")]),
    ],
)
def test_a_dead_heat_shares_a_place_and_takes_the_next(saved: Saved, results: object, places: object) -> None:
    read = sheet(saved, changed(saved(PAID), "results", results))
    assert read.result is not None
    assert [(finisher.position, finisher.program_number) for finisher in read.result.finishers] == places


def test_dividends_are_paid_once_the_race_is_paying(saved: Saved) -> None:
    document = saved(PAID)
    ended = sheet(saved, document).result
    assert ended is not None
    assert [(paid.bet_type, paid.combination, paid.payout) for paid in ended.payoffs][4:8] == [
        ("quinella", "1-2", 310), ("quinella", "2-4", 720), ("exacta", "2-1", 640), ("exacta", "2-4", 1490),
    ]  # fmt: skip
    interim = sheet(saved, changed(document, "raceStatus", "Interim")).result
    assert interim is not None
    assert interim.payoffs == ()
    assert sheet(saved, changed(document, "results", [])).result is None


@pytest.mark.parametrize(
    ("path", "value"),
    [("selections", [9]), ("selections", [[2]]), ("selections", [2, 1]), ("selections", "2"), ("amount", 0.5), ("amount", 3.855)],
)  # fmt: skip
def test_a_dividend_that_cannot_be_read_costs_neither_the_order_nor_the_board(
    saved: Saved, path: str, value: object
) -> None:
    read = sheet(saved, changed(saved(PAID), f"dividends[0].poolDividends[0].{path}", value))
    assert str(read.fault).startswith(f"dividends[0].poolDividends[0].{path}")
    assert read.result is not None
    assert (len(read.result.finishers), read.result.payoffs) == (4, ())


REQUIRED = {
    CARD: ["meetings", "meetings[0].meetingName"]
    + [f"{OURS}.{name}" for name in ("raceType", "meetingDate", "venueMnemonic", "races")]
    + [f"{OURS}.races[0].{name}" for name in ("raceNumber", "raceStartTime", "raceStatus")],
    PAID: ["meeting", "raceNumber", "raceStartTime", "raceStatus", "runners", "pools[0].wageringProduct", "pools[0].poolTotal"]
    + [f"meeting.{name}" for name in ("meetingName", "meetingDate", "venueMnemonic", "raceType")]
    + [f"runners[0].{name}" for name in ("runnerNumber", "runnerName", "parimutuel", "fixedOdds.bettingStatus")]
    + [f"runners[0].parimutuel.{name}" for name in ("bettingStatus", "returnWin")],
}  # fmt: skip


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in REQUIRED.items() for path in paths])
def test_a_missing_required_field_is_named(saved: Saved, page: str, path: str) -> None:
    document = saved(page)
    remove(document, path)
    with pytest.raises(ParseError) as caught:
        card(document) if page == CARD else sheet(saved, document)
    assert path in str(caught.value)


EXTRA = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.text(max_size=5))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extra=EXTRA, where=st.integers(0, 10_000))
def test_fields_that_nobody_knows_change_nothing(saved: Saved, extra: object, where: int) -> None:
    document = saved(PAID)
    places = list(objects(document))
    places[where % len(places)]["unknownField"] = extra
    assert sheet(saved, document) == sheet(saved, saved(PAID))


def test_what_is_asked_for() -> None:
    base = "https://x.test"
    day = f"{base}/v1/tab-info-service/racing/dates/2026-02-14/meetings"
    assert api_url(base, DAY, "", "VIC") == f"{day}?jurisdiction=VIC"
    assert api_url(base, DAY, race_path("R/A B/7"), "QLD") == f"{day}/R/A%20B/races/7?jurisdiction=QLD"
