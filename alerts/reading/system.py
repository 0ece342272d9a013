"""The readers of rules about ourselves, by their models. What is not known moves nothing: a reader then finds nothing."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from alerts.reading import crawls, house, source
from alerts.reading.facts import Finding, Here, House
from alerts.rules import SystemRule
from alerts.rules.system import (
    CrawlFailuresRule,
    DatabaseRule,
    ErrorBurstRule,
    FailureRateRule,
    FrozenProbablesRule,
    MailFailingRule,
    OutcomeRule,
    PollingRule,
    SelectorHealthRule,
    StaleSourceRule,
)
from horses_scrapy.storage.system_facts import TrackFacts

TRACK_READERS: Mapping[type[SystemRule], Callable[[Any, TrackFacts, Here], Iterator[Finding]]] = MappingProxyType(
    {
        StaleSourceRule: source.stale,
        CrawlFailuresRule: crawls.in_a_row,
        OutcomeRule: crawls.outcome,
        FrozenProbablesRule: source.frozen,
        SelectorHealthRule: source.selector,
        FailureRateRule: crawls.failure_rate,
        ErrorBurstRule: crawls.error_burst,
    }
)
HOUSE_READERS: Mapping[type[SystemRule], Callable[[Any, House, Here], Iterator[Finding]]] = MappingProxyType(
    {DatabaseRule: house.database, MailFailingRule: house.mail_failing, PollingRule: house.polling}
)
