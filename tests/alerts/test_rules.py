"""Rule files: each kind, its levels, and every way to write one wrongly (rules/good, rules/bad: one tiny file each)."""

from pathlib import Path

import pytest

from alerts.rules import BoardRule, RuleSet, load_rules
from alerts.rules.kinds import KINDS, SEED_NAMES
from alerts.rules.price import MoveRule
from horses_scrapy.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "config" / "alerts.yaml"
FILES = Path(__file__).parent / "rules"
GOOD = sorted((FILES / "good").glob("*.yaml"))
BAD = sorted((FILES / "bad").glob("*.yaml"))

LEVELS = {
    "fraction": ("kind: win_odds_below, threshold: 5-2", (3500, 3875)),
    "slash": ('kind: win_odds_below, threshold: "9/5"', (2800, 3070)),
    "number": ("kind: win_odds_below, threshold: 2.5", (3500, 3875)),
    "evens": ("kind: win_odds_above, threshold: EVN", (2000, 1850)),
    "own level": ("kind: win_odds_below, threshold: 5-2, rearm: 4", (3500, 5000)),
    "no band": ("kind: win_odds_below, threshold: 5-2, rearm: 5-2", (3500, 3500)),
    "decimal": ("kind: win_decimal_above, threshold: 3.5", (3500, 3125)),
    "seed's minimum": ("kind: win_odds_min, threshold: 5-2", (3500, 3875)),
    "seed's maximum": ("kind: win_odds_max, threshold: EVN", (2000, 1850)),
    "percent": ("kind: odds_drop, percent: 30", (30_000, 20_000)),
    "points": ("kind: odds_drop, points: 7.5, against: previous", (7500, 5000)),
    "percent before points": ("kind: odds_drift, percent: 30, points: 7.5, rearm: 5", (30_000, 5000)),
    "steam": ("kind: steam", (3000, 2000)),
    "overlay": ("kind: overlay_vs_line, percent: 20, rearm: 5", (20_000, 5000)),
    "payout": ("kind: exacta_payout_above, threshold: {payout: 100, base: 2}", (10_000, 8500)),
    "payout below": ("kind: exacta_payout_below, threshold: {payout: 100, base: 2}", (10_000, 11_500)),
    "payout, other base": (
        "kind: exacta_payout_above, threshold: {payout: 100, base: 2}, rearm: {payout: 30, base: 1}",
        (10_000, 6000),
    ),
    "exacta overlay": ("kind: exacta_overlay, percent: 30", (30_000, 20_000)),
    "cross pool": ("kind: cross_pool", (30_000, 20_000)),
    "pool": ("kind: pool_above, threshold: 1000.50", (100_050, 85_043)),
    "bet": ("kind: large_bet, amount: 1000", (100_000, 100_000)),
}


def load(folder: Path, text: str) -> RuleSet:
    path = folder / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def kind_of(path: Path) -> str:
    return path.stem.partition("-")[0]


@pytest.mark.parametrize("path", GOOD, ids=[path.stem for path in GOOD])
def test_a_good_file(path):
    rules = load_rules(path)
    assert rules.warnings == ()
    if kind_of(path) in KINDS:
        assert [rule.kind for rule in rules.rules] == [kind_of(path)]


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_a_bad_file(path):
    """Its first line says which fault is expected; it is told with the file and a line."""
    expected = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    with pytest.raises(ConfigError) as caught:
        load_rules(path)
    told = str(caught.value).splitlines()
    assert any(expected in line for line in told)
    assert all(line.startswith(f"{path}:") for line in told)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_good_and_a_bad_file(kind):
    assert kind in {kind_of(path) for path in GOOD}
    assert kind in {kind_of(path) for path in BAD}


@pytest.mark.parametrize(("text", "levels"), LEVELS.values(), ids=LEVELS)
def test_levels(tmp_path, text, levels):
    [rule] = load(tmp_path, f"rules:\n  - {{name: a, {text}}}\n").rules
    assert isinstance(rule, BoardRule)
    assert (rule.limit.threshold, rule.limit.rearm) == levels


@pytest.mark.parametrize(
    ("reference", "percent"), [(1500, 20), (4000, 20), (4001, 40), (11_000, 40), (11_001, None), (100_000, None)]
)
def test_a_band_holds_prices_up_to_its_end(tmp_path, reference, percent):
    [rule] = load(
        tmp_path,
        "rules: [{name: a, kind: odds_drop, bands: [{up_to: 3-1, percent: 20}, {up_to: 10-1, percent: 40}], for: 2}]",
    ).rules
    assert isinstance(rule, MoveRule)
    limit = rule.limit_at(reference)
    assert (None if limit is None else limit.threshold) == (None if percent is None else percent * 1000)
    assert limit is None or (limit.rearm, limit.boards) == (limit.threshold - limit.threshold // 3, 2)


@pytest.mark.parametrize(("name", "meant"), SEED_NAMES.items())
def test_the_seed_s_names_are_read_with_a_warning(tmp_path, name, meant):
    rules = load(tmp_path, f"rules:\n  - {{name: a, kind: {name}, threshold: 5-2}}\n")
    assert rules.rules[0].kind == meant
    assert rules.warnings == (f"{tmp_path / 'alerts.yaml'}:2: rules.0.kind: {name} is read as {meant}; write that",)


def test_defaults_are_given_to_rules_that_know_them(tmp_path):
    rules = load(
        tmp_path,
        "defaults: {severity: info, for: 3, min_pool: 500}\n"
        "rules:\n"
        "  - {name: a, kind: win_odds_below, threshold: 2}\n"
        "  - {name: b, kind: win_odds_below, threshold: 2, for: 1, severity: urgent}\n"
        "  - {name: c, kind: large_bet, amount: 500}\n"
        "  - {name: d, kind: scratched}\n",
    ).rules
    assert [rule.severity for rule in rules] == ["info", "urgent", "info", "info"]
    assert [(rule.for_, rule.min_pool) for rule in rules if isinstance(rule, BoardRule)] == [
        (3, 500),
        (1, 500),
        (1, 500),
    ]


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


def test_the_shipped_file_is_sound():
    rules = load_rules(SHIPPED)
    assert rules.rules
    assert rules.warnings == ()
