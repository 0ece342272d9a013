"""config/alerts.yaml, typed: what is worth an alert, and how it is delivered."""

from alerts.rules.base import BoardRule, EventRule, RaceRule, Rule, Scope, SystemRule
from alerts.rules.file import load_rules
from alerts.rules.rule_set import RuleSet

__all__ = ["BoardRule", "EventRule", "RaceRule", "Rule", "RuleSet", "Scope", "SystemRule", "load_rules"]
