"""An engine as the settings ask for it."""

import logging

from alerts.engine import Engine, Mode, Setting
from alerts.rules import RuleSet, load_rules
from alerts.surroundings import surroundings
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings
from horses_scrapy.storage.engine import Store

log = logging.getLogger(__name__)


def rules_of(settings: Settings) -> RuleSet:
    """The rules of the settings' file, with its warnings told. Raises ConfigError."""
    rules = load_rules(settings.alerts_file)
    for warning in rules.warnings:
        log.warning("%s", warning)
    if not settings.alerts.enabled:
        log.warning("alerts.enabled is false: rules are evaluated and alerts logged, nothing is queued")
    elif settings.alerts.log_only:
        log.warning("alerts.log_only is true: alerts are logged, nothing is queued")
    return rules


def setting_of(settings: Settings, rules: RuleSet) -> Setting:
    return Setting(
        rules=rules,
        recipients=settings.smtp.recipients,
        around=surroundings(settings, rules),
        mode=mode_of(settings),
    )


def mode_of(settings: Settings) -> Mode:
    if not settings.alerts.enabled:
        return "disabled"
    return "log_only" if settings.alerts.log_only else "deliver"


def engine_of(settings: Settings, rules: RuleSet, store: Store, clock: Clock) -> Engine:
    return Engine(store, setting_of(settings, rules), clock)
