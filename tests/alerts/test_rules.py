from pathlib import Path

import pytest

from alerts.rules import BoardRule, RuleSet, load_rules
from alerts.rules.kinds import KINDS
from horses_scrapy.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "alerts.yaml"

GOOD = {
    "fraction": ("kind: win_odds_below, threshold: 5-2", (3500, 3875)),
    "slash": ('kind: win_odds_below, threshold: "9/5"', (2800, 3070)),
    "number": ("kind: win_odds_below, threshold: 2.5", (3500, 3875)),
    "evens": ("kind: win_odds_above, threshold: EVN", (2000, 1850)),
    "own level": ("kind: win_odds_below, threshold: 5-2, rearm: 4", (3500, 5000)),
    "no band": ("kind: win_odds_below, threshold: 5-2, rearm: 5-2", (3500, 3500)),
    "decimal": ("kind: win_decimal_above, threshold: 3.5", (3500, 3125)),
    "percent": ("kind: odds_drop, percent: 30", (30_000, 20_000)),
    "points": ("kind: odds_drop, points: 7.5, against: previous", (7500, 5000)),
    "payout": ("kind: exacta_payout_above, threshold: {payout: 100, base: 2}", (10_000, 8500)),
    "payout, other base": (
        "kind: exacta_payout_above, threshold: {payout: 100, base: 2}, rearm: {payout: 30, base: 1}",
        (10_000, 6000),
    ),
}

BAD = {
    "no kind": ("name: a", "rules.0.kind: None is no kind of rule"),
    "misspelt kind": ("name: a, kind: win_ods_below", "did you mean win_odds_below?"),
    "no name": ("kind: scratched", "rules.0.name: Field required"),
    "name with a break": ('name: "a\\nb", kind: scratched', "rules.0.name"),
    "unknown key": ("name: a, kind: scratched, min_pol: 3", "rules.0.min_pol: unknown key"),
    "misspelt key": ("name: a, kind: win_odds_below, threshhold: 2, threshold: 2", "did you mean threshold?"),
    "misspelt for": ("name: a, kind: win_odds_below, fr: 2, threshold: 2", "did you mean for?"),
    "misspelt scope": ("name: a, kind: scratched, scope: {track: [x]}", "did you mean tracks?"),
    "no threshold": ("name: a, kind: win_odds_below", "rules.0.threshold: Field required"),
    "odds text": ("name: a, kind: win_odds_below, threshold: soon", "board odds 'SOON'"),
    "scratched odds": ("name: a, kind: win_odds_below, threshold: SCR", "odds are expected"),
    "zero odds": ("name: a, kind: win_odds_below, threshold: 0", "odds are expected"),
    "a truth": ("name: a, kind: win_odds_below, threshold: true", "a number is expected"),
    "not a number": ("name: a, kind: win_odds_below, threshold: .nan", "a number is expected"),
    "infinite": ("name: a, kind: win_odds_below, threshold: .inf", "a number is expected"),
    "decimal of 1": ("name: a, kind: win_decimal_below, threshold: 1", "decimal odds above 1"),
    "bare payout": ("name: a, kind: exacta_payout_above, threshold: 100", "rules.0.threshold"),
    "payout without base": ("name: a, kind: exacta_payout_above, threshold: {payout: 100}", "rules.0.threshold.base"),
    "base 0": ("name: a, kind: exacta_payout_above, threshold: {payout: 9, base: 0}", "an amount of money above 0"),
    "drop without threshold": ("name: a, kind: odds_drop", "percent, points or both"),
    "drop of everything": ("name: a, kind: odds_drop, percent: 100", "below 100"),
    "drop against": ("name: a, kind: odds_drop, percent: 9, against: morning", "rules.0.against"),
    "rearm below": ("name: a, kind: win_odds_below, threshold: 3, rearm: 2", "a level above the threshold"),
    "rearm above": ("name: a, kind: win_odds_above, threshold: 3, rearm: 4", "a level below the threshold"),
    "window order": ("name: a, kind: scratched, minutes_to_post: [9, 1]", "the smaller first"),
    "window of one": ("name: a, kind: scratched, minutes_to_post: [9]", "rules.0.minutes_to_post"),
    "for 0": ("name: a, kind: win_odds_below, threshold: 3, for: 0", "rules.0.for"),
    "step 0": ("name: a, kind: win_odds_below, threshold: 3, step: 0", "a number above 0"),
    "market": ("name: a, kind: win_odds_below, threshold: 3, market: show", "rules.0.market"),
    "no recipient": ("name: a, kind: scratched, recipients: []", "rules.0.recipients"),
    "recipient": ('name: a, kind: scratched, recipients: ["a@b.c\\nBcc: d@e.f"]', "an e-mail address"),
    "min_pool of a scratch": ("name: a, kind: scratched, min_pool: 9", "rules.0.min_pool: unknown key"),
}


def load(folder: Path, text: str) -> RuleSet:
    path = folder / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


@pytest.mark.parametrize(("text", "levels"), GOOD.values(), ids=GOOD)
def test_good(tmp_path, text, levels):
    [rule] = load(tmp_path, f"rules:\n  - {{name: a, {text}}}\n").rules
    assert isinstance(rule, BoardRule)
    assert (rule.limit.threshold, rule.limit.rearm) == levels


@pytest.mark.parametrize(("text", "complaint"), BAD.values(), ids=BAD)
def test_bad(tmp_path, text, complaint):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"# a comment\nrules:\n  - {{{text}}}\n")
    assert complaint in str(caught.value)
    assert f"{tmp_path / 'alerts.yaml'}:3: " in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(
            tmp_path,
            "rules:\n"
            "  - {name: a, kind: win_odds_below, threshold: soon, for: 0}\n"
            "  - 7\n"
            "  - {name: b, kind: scratchd}\n"
            "  - {name: c, kind: scratched}\n"
            "  - {name: c, kind: scratched}\n"
            "rule: []\n",
        )
    lines = [line.removeprefix(str(tmp_path / "alerts.yaml")) for line in str(caught.value).splitlines()]
    assert sorted(line.partition(": ")[0] for line in lines) == [":2", ":2", ":3", ":4", ":5", ":6", ":7"]


@pytest.mark.parametrize("text", ["rules: 7", "rules: {a: 1}", "[]", "rules: [", "rules: []\nrules: []"])
def test_a_file_of_another_shape(tmp_path, text):
    with pytest.raises(ConfigError):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["rules: []", "rules:", ""])
def test_no_rule_is_no_fault(tmp_path, text):
    assert load(tmp_path, text).rules == ()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"alerts\.yaml"):
        load_rules(tmp_path / "alerts.yaml")


def test_the_shipped_file_is_sound_and_shows_each_kind():
    rules = load_rules(SHIPPED)
    unit_variants = {"win_decimal_below", "win_decimal_above"}
    assert {rule.kind for rule in rules.rules} == set(KINDS) - unit_variants
    assert all(rule.enabled for rule in rules.rules)
    assert len(rules.on_boards) + len(rules.on_scratches) == len(rules.rules)
