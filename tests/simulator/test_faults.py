import pytest

from horses_scrapy.errors import ConfigError
from horses_scrapy.simulator.faults import Faults, Rule, load, read


@pytest.mark.parametrize(
    ("after", "count", "kinds"),
    [
        (0, None, ["403"] * 5),
        (0, 1, ["403", None, None, None, None]),
        (2, 1, [None, None, "403", None, None]),
        (1, 3, [None, "403", "403", "403", None]),
        (9, None, [None] * 5),
    ],
)
def test_a_rule_is_in_force_for_its_turns(after, count, kinds):
    faults = Faults([Rule(path="/race/*/odds", kind="403", after=after, count=count)])
    met = [faults.next("/race/2026-05-02/1/odds") for _ in kinds]
    assert [rule and rule.kind for rule in met] == kinds


def test_other_paths_are_served_and_do_not_count():
    faults = Faults([Rule(path="/race/*/1/exacta", kind="500", after=1)])
    assert faults.next("/race/2026-05-02/2/exacta") is None
    assert faults.next("/race/2026-05-02/1/exacta") is None
    assert faults.next("/race/2026-05-02/1/exacta").kind == "500"


def test_the_first_rule_in_force_wins_and_later_ones_count_on():
    faults = Faults([Rule(path="*", kind="500", count=1), Rule(path="*", kind="429", after=1)])
    assert [faults.next("/card").kind for _ in range(3)] == ["500", "429", "429"]


def test_replaced_rules_count_from_none():
    faults = Faults([Rule(path="*", kind="500", count=1)])
    faults.next("/")
    faults.replace([Rule(path="*", kind="empty", count=1)])
    assert faults.next("/").kind == "empty"
    faults.replace(())
    assert faults.next("/") is None


def test_rules_are_read_from_yaml_and_json(tmp_path):
    rule = Rule(path="/card/*", kind="429", retry_after=7, count=2)
    file = tmp_path / "faults.yaml"
    file.write_text('- {path: "/card/*", kind: "429", retry_after: 7, count: 2}\n')
    assert load(file) == (rule,)
    assert read(f"[{rule.model_dump_json()}]", "here") == (rule,)
    assert read("", "here") == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- {path: '/x', kind: '418'}", "0.kind"),
        ("- {path: 'x', kind: '403'}", "0.path"),
        ("- {path: '/x', kind: '403', often: 2}", "0.often"),
        ("- {path: '/x', kind: '403', count: 0}", "0.count"),
        ("{path: '/x'}", "rule"),
        ("- [", "here"),
    ],
)
def test_a_bad_script_is_refused(text, named):
    with pytest.raises(ConfigError, match="here") as refused:
        read(text, "here")
    assert named in str(refused.value)


def test_a_script_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read"):
        load(tmp_path / "absent.yaml")
