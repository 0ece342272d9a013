"""config/alerts.yaml -> RuleSet. Every fault of the file is reported at once, with its line."""

import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alerts.rules.base import Block, Rule
from alerts.rules.kinds import KINDS, SEED_NAMES
from alerts.rules.policy import Delivery
from alerts.rules.rule_set import RuleSet
from horses_scrapy.config.yaml_file import YamlFile, faults, nearest, of_text, text_of
from horses_scrapy.config.yaml_text import Location
from horses_scrapy.errors import ConfigError

SHARED = ("enabled", "severity", "recipients", "scope", "minutes_to_post", "min_pool", "for", "repeat")
"""What `defaults` may hold: each is given to the rules that know the key and do not name it."""
PLAIN = ("stale_after", "assumed_takeout", "lines")
KEYS = ("rules", "defaults", "delivery", *PLAIN)


def load_rules(path: Path) -> RuleSet:
    """The rules of one file. Raises ConfigError with a line for every fault."""
    return _rules(path, text_of(path))


@functools.lru_cache(maxsize=4)
def _rules(path: Path, text: str) -> RuleSet:
    """Kept for as long as the text is the same: a job asks twice, and a fork inherits what was asked before it."""
    file = of_text(path, text)
    found = [f"{file.where((key,))}: {key}: unknown key{nearest(key, KEYS)}" for key in file.data if key not in KEYS]
    defaults = _defaults(file, found)
    warnings: list[str] = []
    rules = []
    for index, block in _blocks(file, found):
        rule = _rule(index, _translated(index, block, file, warnings), defaults, file, found)
        rules += [] if rule is None else [rule]
    found += _repeated(file)
    delivery = _block(Delivery, "delivery", file, found)
    found += _unknown_channels(rules, delivery, file)
    plain = {key: file.data[key] for key in PLAIN if file.data.get(key) is not None}
    try:
        made = RuleSet(rules=tuple(rules), delivery=delivery, warnings=tuple(warnings), **plain)
    except ValidationError as error:
        found += faults(error, RuleSet, file)
    if found:
        raise ConfigError("\n".join(found))
    return made


def _defaults(file: YamlFile, found: list[str]) -> dict[str, Any]:
    given = file.data.get("defaults") or {}
    if not isinstance(given, dict):
        found.append(f"{file.where(('defaults',))}: defaults: a mapping is expected")
        return {}
    found += [
        f"{file.where(('defaults', key))}: defaults.{key}: unknown key{nearest(str(key), SHARED)}"
        for key in given
        if key not in SHARED
    ]
    return {key: value for key, value in given.items() if key in SHARED}


def _block(model: type[Delivery], key: str, file: YamlFile, found: list[str]) -> Delivery:
    try:
        return model.model_validate(file.data.get(key) or {})
    except ValidationError as error:
        found += faults(error, model, file, (key,))
        return model()


def _blocks(file: YamlFile, found: list[str]) -> list[tuple[int, Any]]:
    blocks = file.data.get("rules") or []
    if not isinstance(blocks, list):
        found.append(f"{file.where(('rules',))}: rules: a list of rules is expected")
        return []
    return list(enumerate(blocks))


def _translated(index: int, block: Any, file: YamlFile, warnings: list[str]) -> Any:
    """The seed's names of two kinds, with a warning that says what they mean here."""
    kind = block.get("kind") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in SEED_NAMES:
        return block
    where = file.where(("rules", index, "kind"))
    warnings.append(f"{where}: rules.{index}.kind: {kind} is read as {SEED_NAMES[kind]}; write that")
    return {**block, "kind": SEED_NAMES[kind]}


def _rule(index: int, block: Any, defaults: dict[str, Any], file: YamlFile, found: list[str]) -> Rule | None:
    at: Location = ("rules", index)
    if not isinstance(block, dict):
        found.append(f"{file.where(at)}: rules.{index}: a mapping with name and kind is expected")
        return None
    kind = block.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        hint = "; known: " + ", ".join(KINDS) if kind is None else nearest(str(kind), list(KINDS))
        found.append(f"{file.where((*at, 'kind'))}: rules.{index}.kind: {kind!r} is no kind of rule{hint}")
        return None
    try:
        return model.model_validate({**_shared(model, defaults), **block})
    except ValidationError as error:
        found += [re.sub(r"\bfor_", "for", line) for line in faults(error, model, file, at)]
        return None


def _shared(model: type[Block], defaults: dict[str, Any]) -> dict[str, Any]:
    known = {field.alias or name for name, field in model.model_fields.items()}
    if getattr(model, "pulse", False):
        known.discard("for")  # an event of one board
    return {key: value for key, value in defaults.items() if key in known}


def _repeated(file: YamlFile) -> list[str]:
    blocks = file.data.get("rules")
    named = [
        (index, block["name"])
        for index, block in enumerate(blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict) and isinstance(block.get("name"), str)
    ]
    counts = Counter(name for _, name in named)
    return [
        f"{file.where(('rules', index, 'name'))}: rules.{index}.name: {name!r} names {counts[name]} rules"
        for index, name in named
        if counts[name] > 1
    ]


def _unknown_channels(rules: list[Rule], delivery: Delivery, file: YamlFile) -> list[str]:
    """A recipient without an @ must be one of delivery.channels."""
    return [
        f"{file.path}: rule {rule.name}: recipients: {name!r} is no mail address"
        f" and no channel{nearest(name, list(delivery.channels)) if delivery.channels else '; delivery.channels has none'}"
        for rule in rules
        for name in rule.recipients or ()
        if "@" not in name and name not in delivery.channels
    ]
