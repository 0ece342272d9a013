"""Boards over time against the whole engine: what fires, and what must not."""

import pytest

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


def test_a_hundred_boards_below_give_one_alert_and_a_restart_none(meeting):
    meeting.rules(below())
    meeting.play(0, {"5": 6})
    assert sum(len(meeting.play(1 + step / 10, {"5": 3})) for step in range(100)) == 1
    assert meeting.evaluate() == []  # every play has a new engine: a restart each


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


# --- Drops -------------------------------------------------------------------------------------------------------------


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
