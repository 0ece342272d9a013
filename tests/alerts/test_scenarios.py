"""Boards over time against the whole engine: what fires, and what must not."""

import pytest

from horses_scrapy.items import Source

BELOW = """
rules:
  - {name: short, kind: win_odds_below, threshold: 7-2, rearm: 5-1%s}
"""
DROP = """
rules:
  - {name: steam, kind: odds_drop, percent: 30%s}
"""


def below(more=""):
    return BELOW % (f", {more}" if more else "")


def drop(more=""):
    return DROP % (f", {more}" if more else "")


def fired(meeting, boards, label="5"):
    """Which of the (minute, shown) boards fired."""
    return [minute for minute, shown in boards if meeting.play(minute, {label: shown, "1": 40})]


def test_the_line_of_an_alert(meeting):
    meeting.rules(below())
    assert meeting.play(50, {"5": 6, "1": 4}) == []
    assert meeting.play(56, {"5": 3, "1": 4}) == [
        "GP R1 #5 Dancer 6-1 -> 3-1 (4 MTP) below 7-2 [win_odds_below: short]"
    ]


def test_a_hundred_boards_below_give_one_alert_and_a_restart_none(meeting):
    meeting.rules(below())
    meeting.play(0, {"5": 6})
    assert sum(len(meeting.play(1 + step / 10, {"5": 3})) for step in range(100)) == 1
    assert meeting.evaluate() == []  # every play has a new engine: a restart each


def test_first_sight_in_breach_fires_once(meeting):
    meeting.rules(below())
    assert meeting.play(0, {"5": 3}) == ["GP R1 #5 Dancer 3-1 (60 MTP) below 7-2 [win_odds_below: short]"]
    assert meeting.play(1, {"5": 2.5}) == []


@pytest.mark.parametrize(
    ("shown", "fires"),
    [
        ([6, 3, 3.5, 3, 3.5, 4, 3], [1]),  # wobbles at the threshold, inside the band
        ([6, 3, 5, 3], [1, 3]),  # out past the band, in again
        ([6, 3.5, 3.5], []),  # at the threshold is not below it
        ([6, 3, "99+", 3], [1]),  # a capped price moves nothing
        ([6, 3, None, 3], [1]),  # a missing one neither
        ([6, "SCR", "SCR", 3], [3]),
    ],
)
def test_crossings(meeting, shown, fires):
    meeting.rules(below())
    assert fired(meeting, list(enumerate(shown))) == fires


def test_a_further_step_counts_from_the_last_alerted_value(meeting):
    meeting.rules(below("step: 0.5"))
    shown = [6, 3, 2.6, 2.5, 3, 2.1, 2, 1.9]
    assert fired(meeting, list(enumerate(shown))) == [1, 3, 6]
    assert [row["previous_value"] for row in meeting.rows("alert")] == [7000, 4000, 3500]


def test_for_counts_boards_in_a_row(meeting):
    meeting.rules(below("for: 3"))
    assert fired(meeting, list(enumerate([3, 3, 4, 3, 3, 3, 3]))) == [5]


def test_outside_its_window_a_rule_is_not_evaluated_and_its_state_stays(meeting):
    meeting.rules(below("minutes_to_post: [5, 20]"))
    assert fired(meeting, [(10, 3), (39, 3)]) == []
    assert fired(meeting, [(40, 3)]) == [40]  # first sight in the window
    assert fired(meeting, [(56, 9), (57, 3)]) == []  # too late to re-arm or to fire


def test_the_site_s_minutes_go_before_the_clock_and_a_late_start_is_at_zero(meeting):
    meeting.rules(below("minutes_to_post: [0, 2]"))
    assert meeting.play(59, {"5": 3}, minutes_to_post=9) == []
    assert meeting.play(20, {"5": 3}, race=2, minutes_to_post=1) == [
        "GP R2 #5 Dancer 3-1 (1 MTP) below 7-2 [win_odds_below: short]"
    ]
    assert meeting.play(65, {"5": 3}) == ["GP R1 #5 Dancer 3-1 (0 MTP) below 7-2 [win_odds_below: short]"]


@pytest.mark.parametrize(("pool", "fires"), [(999, 0), (1000, 1), (None, 0)])
def test_a_small_or_unknown_pool_is_not_read(meeting, pool, fires):
    meeting.rules(below("min_pool: 1000"))
    assert len(meeting.play(50, {"5": 3}, pool=pool)) == fires


@pytest.mark.parametrize(
    "fields",
    [
        {"flags": frozenset({"from_cache"})},
        {"flags": frozenset({"late"})},
        {"flags": frozenset({"probabilities_sum", "no_pairs"})},
        {"status": "closed"},
        {"status": "official"},
        {"status": "cancelled"},
    ],
    ids=["from cache", "late", "one harmful flag of two", "closed", "official", "cancelled"],
)
def test_a_board_that_cannot_be_trusted_or_acted_on_changes_nothing(meeting, fields):
    meeting.rules(below())
    meeting.play(1, {"5": 6})
    assert meeting.play(2, {"5": 3}, **fields) == []
    assert meeting.rows("alert_state") == []
    assert all(row["evaluated_at"] is not None for row in meeting.rows("board"))


def test_a_board_without_pairs_is_still_good_for_prices(meeting):
    meeting.rules(below())
    assert len(meeting.play(1, {"5": 3}, flags=frozenset({"no_pairs"}))) == 1


def test_only_the_primary_source_is_evaluated(meeting):
    meeting.rules(below())
    meeting.card()
    assert meeting.play(1, {"5": 3}, source=Source("other", "decimal", "pool")) == []
    assert meeting.rows("board")[0]["evaluated_at"] is not None


def test_decimal_sources_are_told_in_decimal(make_meeting):
    meeting = make_meeting()
    meeting.board_source = Source("nz", "decimal", "pool")
    meeting.rules("rules: [{name: short, kind: win_decimal_below, threshold: 4.5}]")
    meeting.play(1, {"5": 5})
    assert meeting.play(2, {"5": 2}) == ["GP R1 #5 Dancer 6.00 -> 3.00 (58 MTP) below 4.50 [win_decimal_below: short]"]


def test_above_takes_a_capped_price(meeting):
    meeting.rules("rules: [{name: out, kind: win_odds_above, threshold: 50-1}]")
    assert meeting.play(1, {"5": 30}) == []
    assert meeting.play(2, {"5": "99+"}) == ["GP R1 #5 Dancer 30-1 -> 99+ (58 MTP) above 50-1 [win_odds_above: out]"]


# --- Drops -------------------------------------------------------------------------------------------------------------


def test_a_drop_from_the_open(meeting):
    meeting.rules(drop())
    assert meeting.play(1, {"5": 6}) == []
    assert meeting.play(2, {"5": 5}) == []
    assert meeting.play(3, {"5": 4}) == [
        "GP R1 #5 Dancer 6-1 -> 4-1 (57 MTP) down 33.3% from the open (at least 30%) [odds_drop: steam]"
    ]


def test_the_open_is_the_first_board_that_passes_the_gates(meeting):
    meeting.rules(drop("min_pool: 2000, minutes_to_post: [0, 30]"))
    meeting.play(1, {"5": 20})  # too early
    meeting.play(31, {"5": 15}, pool=100)  # nobody has bet
    meeting.play(32, {"5": 6})
    assert meeting.play(33, {"5": 5}) == []
    assert len(meeting.play(34, {"5": 4})) == 1


def test_against_the_previous_board(meeting):
    meeting.rules(drop("against: previous"))
    assert fired(meeting, list(enumerate([6, 5, 4, 3, 2, 2, 1.9, 1.2]))) == [4, 7]


def test_points_and_percent_must_both_hold(meeting):
    meeting.rules(drop("points: 5"))
    assert fired(meeting, [(1, 30), (2, 15)]) == []  # half the odds, 3 points of chance
    assert fired(meeting, [(3, 5)]) == [3]


@pytest.mark.parametrize(
    ("threshold", "odds", "fires"),
    [
        ("percent: 25", (20, 15), True),  # both are a quarter off the odds ...
        ("percent: 25", (0.8, 0.6), True),
        ("points: 5", (20, 15), False),  # ... one is 1.5 points, the other 6.9
        ("points: 6.9", (0.8, 0.6), True),
        ("points: 7", (0.8, 0.6), False),
    ],
)
def test_what_a_drop_is_measured_in(meeting, threshold, odds, fires):
    meeting.rules(f"rules: [{{name: steam, kind: odds_drop, {threshold}}}]")
    assert [bool(meeting.play(minute, {"5": shown})) for minute, shown in enumerate(odds)] == [False, fires]


def test_no_drop_is_computed_from_or_to_a_capped_price(meeting):
    meeting.rules(drop())
    assert fired(meeting, [(1, "99+"), (2, 40), (3, "99+"), (4, 35)]) == []
    assert fired(meeting, [(5, 20)]) == [5]  # half of 40-1, the first real price


def test_a_scratch_rebases_the_others_and_mutes_its_own(meeting):
    meeting.rules(drop("step: 10"))
    meeting.play(1, {"5": 6, "2": 6, "1": 4})
    assert meeting.play(2, {"5": 3.5, "2": "SCR", "1": 2}) == []  # the refunds of #2 moved everybody
    assert meeting.play(3, {"5": 3.5, "2": "SCR", "1": 2}) == []
    assert meeting.play(4, {"5": 2, "2": "SCR", "1": 2}) == [
        "GP R1 #5 Dancer 7-2 -> 2-1 (56 MTP) down 42.9% from the open (at least 30%) [odds_drop: steam]"
    ]


def test_a_scratch_that_only_the_card_tells_rebases_too(meeting):
    meeting.rules(drop())
    meeting.play(1, {"5": 6, "2": 6})
    meeting.card(1.5, out=["2"])
    assert meeting.play(2, {"5": 3, "2": 6}) == []
    assert len(meeting.play(3, {"5": 2, "2": 1})) == 1  # #5 from 3-1; #2 is muted


def test_one_part_of_a_coupled_entry_out_rebases_nothing(meeting):
    meeting.card(horses={"1": "Alpha", "1A": "Alphabet", "5": "Dancer"})
    meeting.rules(drop())
    meeting.play(1, {"5": 6, "1": 6})
    meeting.card(1.5, out=["1A"])
    assert meeting.play(2, {"5": 3, "1": 6})[0].startswith("GP R1 #5 Dancer 6-1 -> 3-1")
    assert meeting.play(3, {"5": 3, "1": 3})[0].startswith("GP R1 #1 Alpha / Alphabet 6-1 -> 3-1")


def test_a_late_evaluation_does_not_know_of_a_later_scratch(meeting):
    """What a crash left is evaluated as if it were then."""
    meeting.rules(below())
    meeting.board(1, {"5": 3, "2": 3})
    meeting.card(2, out=["2"])
    assert [line[:8] for line in meeting.evaluate()] == ["GP R1 #2", "GP R1 #5"]


# --- Pairs -------------------------------------------------------------------------------------------------------------

PAIRS = "rules: [{name: long, kind: exacta_payout_above, threshold: {payout: 100, base: 2}%s}]"


def test_exacta_payouts_compare_per_unit_of_the_bet(meeting):
    meeting.rules(PAIRS % "")
    prices = {"1": 2, "2": 3}
    assert meeting.play(1, prices, pairs={("1", "2"): 40, ("2", "1"): 60}, base=100)[0] == (
        "GP R1 exacta 2-1 Bravo / Alpha 120.00 USD for 2 (59 MTP) above 100 [exacta_payout_above: long]"
    )
    assert meeting.play(2, prices, pairs={("1", "2"): 110, ("2", "1"): 130}) == [
        "GP R1 exacta 1-2 Alpha / Bravo 80.00 -> 110.00 USD for 2 (58 MTP) above 100 [exacta_payout_above: long]"
    ]


def test_a_board_whose_pairs_could_not_be_had_changes_no_pair(meeting):
    meeting.rules(PAIRS % ", for: 2")
    meeting.play(1, {"1": 2, "2": 3}, pairs={("1", "2"): 120})
    assert meeting.play(2, {"1": 2, "2": 3}, flags=frozenset({"no_pairs"})) == []
    assert len(meeting.play(3, {"1": 2, "2": 3}, pairs={("1", "2"): 120})) == 1


def test_a_pair_with_a_scratched_horse_is_muted(meeting):
    meeting.rules(PAIRS % "")
    assert meeting.play(1, {"1": 2, "2": "SCR"}, pairs={("1", "2"): 120}) == []


def test_exacta_rules_are_gated_by_the_exacta_pool(meeting):
    meeting.rules(PAIRS % ", min_pool: 1000")
    assert meeting.play(1, {"1": 2}, pairs={("1", "2"): 120}, pool=99999, pair_pool=999) == []
    assert len(meeting.play(2, {"1": 2}, pairs={("1", "2"): 120}, pool=0, pair_pool=1000)) == 1


def test_quinella_pairs_stand_in_program_order(meeting):
    meeting.card(horses={"2": "Bravo", "10": "Juliet"})
    meeting.rules(PAIRS % ", bet_type: quinella")
    [line] = meeting.play(1, {"2": 2, "10": 3}, pairs={("10", "2"): 120}, bet_type="quinella")
    assert line.startswith("GP R1 quinella 2-10 Bravo / Juliet 120.00 USD")


# --- Scope, scratches, deliveries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "fires"),
    [
        ("tracks: [gp]", True),
        ("tracks: [GULF]", True),
        ("tracks: [AQU]", False),
        ("races: [1, 2]", True),
        ("races: [2]", False),
        ("horses: [DANCER (IRE)]", True),
        ("horses: [Bravo]", False),
        ("tracks: [GP], races: [1], horses: [Dancer]", True),
    ],
)
def test_scope(meeting, scope, fires):
    meeting.rules(below(f"scope: {{{scope}}}"))
    assert bool(meeting.play(1, {"5": 3, "1": 9})) is fires


def test_a_disabled_rule_is_silent(meeting):
    meeting.rules(below("enabled: false"))
    assert meeting.play(1, {"5": 3}) == []


SCRATCH = "rules: [{name: scratch, kind: scratched%s}]"


def test_a_scratch_fires_once_and_again_only_after_a_return(meeting):
    meeting.rules(SCRATCH % "")
    meeting.card(0)
    meeting.card(1, out=["5"])
    assert meeting.evaluate() == ["GP R1 #5 Dancer scratched (59 MTP) [scratched: scratch]"]
    meeting.card(2, late=["5"])
    assert meeting.evaluate() == []
    meeting.card(3)
    assert meeting.evaluate() == []
    meeting.card(4, late=["5"])
    assert meeting.evaluate() == ["GP R1 #5 Dancer scratched (56 MTP) late [scratched: scratch]"]
    assert all(row["evaluated_at"] is not None for row in meeting.rows("change"))


def test_scratches_keep_to_their_scope_and_window(meeting):
    meeting.rules(SCRATCH % ", minutes_to_post: [0, 30], scope: {horses: [Dancer, Bravo]}")
    meeting.card(0)
    meeting.card(1, out=["5"])
    meeting.card(31, out=["5", "2", "3"])
    assert meeting.evaluate() == ["GP R1 #2 Bravo scratched (29 MTP) [scratched: scratch]"]


def test_each_recipient_has_a_delivery(meeting):
    meeting.recipients = ("a@example.com", "b@example.com")
    meeting.rules(below())
    meeting.play(1, {"5": 3})
    [alert] = meeting.rows("alert")
    assert [(row["recipient"], row["channel"], row["state"]) for row in meeting.rows("alert_delivery")] == [
        ("a@example.com", "mail", "pending"),
        ("b@example.com", "mail", "pending"),
    ]
    assert (alert["unit"], alert["threshold_value"], alert["actual_value"], alert["previous_value"]) == (
        "price", 4500, 4000, None,
    )  # fmt: skip
    assert (alert["market"], alert["subject"], alert["sent"]) == ("win_tote", "5", 0)
    assert alert["expires_at"] - alert["triggered_at"] == (59 + 45) * 60_000
    assert alert["entry_id"] is not None


def test_a_rule_s_own_recipients_replace_the_others(meeting):
    meeting.rules(below("recipients: [c@example.com]"))
    meeting.play(1, {"5": 3})
    assert [row["recipient"] for row in meeting.rows("alert_delivery")] == ["c@example.com"]


def test_without_a_recipient_the_alert_is_logged_with_a_reason(meeting):
    meeting.recipients = ()
    meeting.rules(below())
    meeting.play(1, {"5": 3})
    [row] = meeting.rows("alert_delivery")
    assert (row["state"], "EMAIL_RECIPIENT" in row["reason"]) == ("logged", True)


def test_pending_boards_and_changes_are_swept_by_age(meeting, clock):
    meeting.rules(below())
    meeting.board(1, {"5": 6})
    meeting.board(2, {"5": 3})
    clock.put(meeting.at(2.9))
    assert meeting.engine().evaluate_pending(older_than_ms=120_000) == []
    clock.put(meeting.at(3.1))
    assert [fired.rule for fired in meeting.engine().evaluate_pending(older_than_ms=60_000)] == ["short"]
    assert meeting.engine().evaluate_pending(older_than_ms=0) == []
    clock.put(meeting.at(9))
    meeting.card(5, out=["2"])
    meeting.rules(SCRATCH % "")
    assert [fired.rule for fired in meeting.engine().evaluate_pending(older_than_ms=60_000)] == ["scratch"]
