"""Every kind of rule, by the name that a rule file gives it."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.rules.base import Rule
from alerts.rules.pair import CrossPoolRule, ExactaOverlayRule, PayoutRule
from alerts.rules.price import MoveRule, OverlayRule, SteamRule, WinDecimalRule, WinOddsRule
from alerts.rules.race import (
    JockeyRule,
    LargeBetRule,
    OffTurfRule,
    PoolAboveRule,
    PostTimeRule,
    RaceStatusRule,
    ResultRule,
    ScratchRule,
)
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

KINDS: Mapping[str, type[Rule]] = MappingProxyType(
    {
        "win_odds_below": WinOddsRule,
        "win_odds_above": WinOddsRule,
        "win_decimal_below": WinDecimalRule,
        "win_decimal_above": WinDecimalRule,
        "odds_drop": MoveRule,
        "odds_drift": MoveRule,
        "steam": SteamRule,
        "overlay_vs_morning_line": OverlayRule,
        "overlay_vs_line": OverlayRule,
        "exacta_payout_below": PayoutRule,
        "exacta_payout_above": PayoutRule,
        "exacta_overlay": ExactaOverlayRule,
        "cross_pool": CrossPoolRule,
        "pool_above": PoolAboveRule,
        "large_bet": LargeBetRule,
        "scratched": ScratchRule,
        "jockey_change": JockeyRule,
        "post_time_change": PostTimeRule,
        "race_status": RaceStatusRule,
        "off_turf": OffTurfRule,
        "result": ResultRule,
        "stale_source": StaleSourceRule,
        "crawl_failures": CrawlFailuresRule,
        "outcome": OutcomeRule,
        "frozen_probables": FrozenProbablesRule,
        "selector_health": SelectorHealthRule,
        "failure_rate": FailureRateRule,
        "database": DatabaseRule,
        "error_burst": ErrorBurstRule,
        "mail_failing": MailFailingRule,
        "polling": PollingRule,
    }
)

SEED_NAMES: Mapping[str, str] = MappingProxyType({"win_odds_min": "win_odds_below", "win_odds_max": "win_odds_above"})
"""The seed's names, which its own text uses both ways round: here min is the floor that odds fall below."""
