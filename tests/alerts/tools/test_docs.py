"""docs/alerts.md tells of every kind and every key, and its examples are sound."""

import re
from pathlib import Path

import pytest

from alerts.rules import load_rules
from alerts.rules.base import BoardRule, Rule, Scope
from alerts.rules.kinds import KINDS
from alerts.rules.policy import Caps, Delivery, Grouping, Person

TEXT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def row_of(kind):
    return next(
        (line for line in TEXT.splitlines() if line.startswith("|") and f"`{kind}`" in line.split("|")[1]), None
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_row_with_its_own_keys(kind):
    row = row_of(kind)
    assert row is not None
    shared = {*BoardRule.model_fields, *Rule.model_fields, "scope", "minutes_to_post", "rearm", "step"}
    missing = [name for name in KINDS[kind].model_fields if name not in shared and f"`{name}" not in row]
    assert missing == []


@pytest.mark.parametrize("model", [BoardRule, Scope, Delivery, Grouping, Caps, Person])
def test_every_shared_key_is_told_of(model):
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"`{name}" not in TEXT and f".{name}`" not in TEXT] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_sound_rule_file(example, tmp_path):
    path = tmp_path / "alerts.yaml"
    path.write_text(example, encoding="utf-8")
    rules = load_rules(path)
    assert rules.rules
    assert rules.warnings == ()


def test_every_kind_but_the_obvious_has_an_example():
    shown = {kind for kind in KINDS if re.search(rf"kind: {kind}\b", "".join(EXAMPLES))}
    assert set(KINDS) - shown == {"win_odds_above", "win_decimal_below", "overlay_vs_morning_line"}
