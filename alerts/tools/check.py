"""alertctl check: everything that is wrong with a rule file, what is odd about it, and what is in force."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alerts.channels.registry import channel_faults
from alerts.lines import Lines
from alerts.rules import BoardRule, EventRule, RaceRule, Rule, RuleSet, SystemRule, load_rules
from alerts.rules.pair import ExactaRule, PayoutRule
from alerts.setup import mode_of
from alerts.tools import screen
from horses_scrapy.clock import Clock
from horses_scrapy.config import Settings, Track
from horses_scrapy.errors import OK, USAGE, ConfigError
from horses_scrapy.storage import watchlists
from horses_scrapy.storage.engine import Store, address_of

Lists = Mapping[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class Report:
    """errors: what a start refuses, or what is left out. warnings: what works and is hardly meant so."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    in_force: list[str] = field(default_factory=list)


def run(settings: Settings, now: Clock, file: Path | None) -> int:
    """2 with errors, else 0."""
    report = look(settings, settings.alerts_file if file is None else file, _lists(settings, now))
    screen.say(f"error: {line}" for line in report.errors)
    screen.say(f"warning: {line}" for line in report.warnings)
    screen.say(report.in_force)
    return USAGE if report.errors else OK


def look(settings: Settings, path: Path, lists: Lists | None) -> Report:
    """`lists`: the watchlists, None where there is no database to ask."""
    report = Report()
    try:
        rules = load_rules(path)
    except ConfigError as error:
        report.errors = str(error).splitlines()
        return report
    report.errors += Lines(path.parent / rules.lines).faults()
    report.errors += channel_faults(settings, rules.delivery)
    report.warnings = [*rules.warnings, *_nobody(settings, rules), *_of_rules(settings, rules, lists)]
    report.warnings += _unknown_people(settings, rules)
    report.in_force = list(_in_force(settings, rules, path))
    return report


def _nobody(settings: Settings, rules: RuleSet) -> Iterator[str]:
    """Who hears of what."""
    mode = mode_of(settings)
    if mode != "deliver":
        key = "enabled is false" if mode == "disabled" else "log_only is true"
        yield f"alerts.{key}: rules are evaluated and alerts logged, nothing is sent"
    deaf = [rule.name for rule in rules.rules if rule.enabled and rule.recipients is None]
    if deaf and not settings.smtp.recipients:
        yield f"no recipient: set EMAIL_RECIPIENT, or recipients of {_some(deaf)}"


def _of_rules(settings: Settings, rules: RuleSet, lists: Lists | None) -> Iterator[str]:
    for rule in rules.rules:
        if rule.enabled:
            yield from (f"rule {rule.name}: {text}" for text in _odd(settings, rule, lists))


def _odd(settings: Settings, rule: Rule, lists: Lists | None) -> Iterator[str]:
    """What keeps a rule, or a part of it, from ever firing."""
    asked = rule.scope.tracks if isinstance(rule, RaceRule | SystemRule) else ()
    yield from (
        f"scope.tracks: {name!r} is no track of tracks.yaml" for name in asked if _track(settings, name) is None
    )
    known = [track for name in asked if (track := _track(settings, name)) is not None]
    idle = [track.key for track in known if track.key not in settings.enabled_tracks]
    if asked and len(idle) == len(known):
        why = f"{', '.join(idle)} is disabled" if idle else "it names no track that there is"
        yield f"never fires: {why}"
    elif idle:
        yield f"scope.tracks: {', '.join(idle)} is disabled"
    watched = known or list(settings.enabled_tracks.values())
    blind = [track.key for track in watched if track.pair_prices == 0]
    if isinstance(rule, PayoutRule | ExactaRule) and blind:
        yield f"sees nothing of {', '.join(blind)}: pair_prices is off there"
    wanted = rule.scope.watchlist if isinstance(rule, RaceRule) else None
    if wanted is not None and lists is not None and wanted not in lists:
        yield f"scope.watchlist: {wanted!r} is empty; alertctl watchlist add {wanted} horse=..."


def _unknown_people(settings: Settings, rules: RuleSet) -> Iterator[str]:
    asked = {name for rule in rules.rules for name in rule.recipients or ()} | set(settings.smtp.recipients)
    for name in rules.delivery.people:
        if name not in asked:
            yield f"delivery.people: {name} is told nothing: no recipient has this name"


def _in_force(settings: Settings, rules: RuleSet, path: Path) -> Iterator[str]:
    on = [rule for rule in rules.rules if rule.enabled]
    yield f"{path}: {len(on)} of {len(rules.rules)} rules in force"
    for title, family in (("boards", BoardRule), ("cards", EventRule), ("ourselves", SystemRule)):
        kinds = Counter(rule.kind for rule in on if isinstance(rule, family))
        if kinds:
            yield f"  about {title}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    named = dict.fromkeys([*settings.smtp.recipients, *(name for rule in on for name in rule.recipients or ())])
    yield f"  recipients: {', '.join(named) or 'none'}"


def _lists(settings: Settings, now: Clock) -> Lists | None:
    """Nothing is made, and nothing upgraded, by looking."""
    address = address_of(settings)
    if not address.exists():
        return None
    store = Store(address)
    try:
        state = store.look()
        if state is None or state.revision is None:
            return None
        with store.read() as connection:
            return watchlists.watched(connection, now.now_ms())
    finally:
        store.close()


def _track(settings: Settings, name: str) -> Track | None:
    folded = name.casefold()
    tracks = settings.tracks.values()
    return next((track for track in tracks if folded in {track.key.casefold(), track.code.casefold()}), None)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
