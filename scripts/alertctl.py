#!/usr/bin/env python
"""Alert rules and what became of them: check a rule file, ask why, try it on a stored day, silence, watch, retry."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import _command

from alerts import post_office
from alerts.tools import check, explain, outbox, preview, silences, watchlists
from horses_scrapy import clock
from horses_scrapy.config import Settings
from horses_scrapy.errors import OK

Subparsers = argparse._SubParsersAction  # noqa: SLF001 (argparse names no type for it)


def _parser() -> argparse.ArgumentParser:
    made = _command.parser(__doc__ or "")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    for add in (_check, _explain, _replay, _silence, _watchlist, _test_mail, _outbox):
        add(commands)
    return made


def _check(commands: Subparsers) -> None:
    made = commands.add_parser("check", help="everything that is wrong with the rules, and what is in force")
    made.description = "Errors with their lines, all at once; then warnings; then what is in force. Ends 2 with errors."
    made.add_argument("file", nargs="?", type=Path, help="default: alerts.yaml beside the configuration")
    made.set_defaults(act=lambda settings, told: check.run(settings, clock.from_environment(), told.file))


def _explain(commands: Subparsers) -> None:
    made = commands.add_parser("explain", help="why there was an alert, or none, and what became of it")
    made.description = (
        "Runs the rules over the stored boards of a race and prints what each made of each horse, board by board; then"
        " the alerts that were told, with every delivery, its reason and its times."
    )
    made.add_argument("--track", required=True, help="key or code")
    made.add_argument("--race", required=True, type=int)
    made.add_argument(
        "--program", help="program number: everything about this horse (default: what came near an alert)"
    )
    made.add_argument("--date", type=_date, help="at the track (default: its newest day)")
    made.add_argument("--rule", help="one rule only")
    made.set_defaults(act=_run_explain)


def _run_explain(settings: Settings, told: argparse.Namespace) -> int:
    asked = explain.Question(track=told.track, race=told.race, program=told.program, day=told.date, rule=told.rule)
    return explain.run(settings, clock.from_environment(), asked)


def _replay(commands: Subparsers) -> None:
    made = commands.add_parser("replay", help="what rules give over a stored day; nothing is written or sent")
    made.description = (
        "Alerts by rule, by race and for the day, and how many messages they would become. Rules about ourselves are"
        " not replayed."
    )
    made.add_argument("--date", required=True, type=_date, help="at the track")
    made.add_argument("--track", help="key or code (default: all)")
    made.add_argument("--rules", type=Path, metavar="FILE", help="a rule file to try (default: the one in force)")
    made.add_argument("--each", action="store_true", help="print every alert too")
    made.add_argument(
        "--against-live", action="store_true", help="compare with the alerts that were told; 1 if they differ"
    )
    made.set_defaults(act=_run_replay)


def _run_replay(settings: Settings, told: argparse.Namespace) -> int:
    tried = preview.Try(told.date, track=told.track, file=told.rules, against_live=told.against_live, every=told.each)
    return preview.run(settings, clock.from_environment(), tried)


def _silence(commands: Subparsers) -> None:
    made = commands.add_parser("silence", help="tell nothing about what matches, until a time")
    acts = made.add_subparsers(metavar="add|list|expire", required=True)
    add = acts.add_parser("add", help="begin a silence now")
    add.add_argument(
        "--match", action="append", required=True, metavar="FIELD=VALUE",
        help="track, race (3 or AQU/3), date (of the race), rule, kind, severity, recipient, horse, program; again: all must match",
    )  # fmt: skip
    end = add.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="lasts", metavar="SPAN", help="90m, 2h, 1d12h")
    end.add_argument("--until", metavar="TIME", help="2026-05-02T18:30-04:00, or '18:30 America/New_York'")
    add.add_argument("--by", required=True, metavar="NAME")
    add.add_argument("--comment", required=True, metavar="TEXT", help="why; it stands in every delivery that it mutes")
    _writes(add, lambda told: f"silence {', '.join(told.match)} {_span(told)}")
    add.set_defaults(act=_run_silence)
    show = acts.add_parser("list", help="those that are active")
    show.add_argument("--all", action="store_true", help="those that are over too")
    show.set_defaults(act=lambda settings, told: silences.show(settings, clock.from_environment(), every=told.all))
    expire = acts.add_parser("expire", help="end a silence now")
    expire.add_argument("id", type=int)
    _writes(expire, lambda told: f"end silence {told.id}")
    expire.set_defaults(act=lambda settings, told: silences.expire(settings, clock.from_environment(), told.id))


def _run_silence(settings: Settings, told: argparse.Namespace) -> int:
    asked = silences.Asked(told.match, lasts=told.lasts, until=told.until, by=told.by, comment=told.comment)
    return silences.add(settings, clock.from_environment(), asked)


def _watchlist(commands: Subparsers) -> None:
    made = commands.add_parser("watchlist", help="named lists for the scope of rules")
    acts = made.add_subparsers(metavar="add|list|remove", required=True)
    for name, words in (("add", "put entries on a list"), ("remove", "take entries off a list")):
        act = acts.add_parser(name, help=words)
        act.add_argument("name", help="of the list")
        act.add_argument(
            "entries", nargs="+", metavar="FIELD=VALUE",
            help="horse=, jockey=, trainer=, program=5, track=AQU, race=AQU/3; a rule's scope matches any of them",
        )  # fmt: skip
        if name == "add":
            act.add_argument("--by", default="", metavar="NAME")
        _writes(act, lambda told, words=words: f"{words}: {told.name}: {', '.join(told.entries)}")
        act.set_defaults(act=_run_add if name == "add" else _run_remove)
    show = acts.add_parser("list", help="what is on the lists")
    show.add_argument("name", nargs="?", help="one list only")
    show.set_defaults(act=lambda settings, told: watchlists.show(settings, clock.from_environment(), told.name))


def _run_add(settings: Settings, told: argparse.Namespace) -> int:
    return watchlists.add(settings, clock.from_environment(), told.name, told.entries, by=told.by)


def _run_remove(settings: Settings, told: argparse.Namespace) -> int:
    return watchlists.remove(settings, clock.from_environment(), told.name, told.entries)


def _test_mail(commands: Subparsers) -> None:
    made = commands.add_parser("test-mail", help="send one short message; the server's reason on failure")
    made.add_argument("to", metavar="ADDRESS|CHANNEL", help="a mail address, or a channel of the rule file")
    _writes(made, lambda told: f"send a test message to {told.to}")
    made.set_defaults(act=lambda settings, told: post_office.send_test(settings, told.to, clock.from_environment()))


def _outbox(commands: Subparsers) -> None:
    made = commands.add_parser("outbox", help="messages that wait, and a second chance for those that were given up")
    acts = made.add_subparsers(metavar="list|retry", required=True)
    show = acts.add_parser("list", help="all deliveries counted by state and reason; messages one by one")
    show.add_argument("--state", choices=outbox.STATES, help="default: those that wait, and those that are dead")
    show.set_defaults(act=lambda settings, told: outbox.show(settings, clock.from_environment(), told.state))
    retry = acts.add_parser("retry", help="make messages due again; 4 where one is too late")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "id", nargs="*", type=int, default=[], help="dead or expired messages, as outbox list numbers them"
    )
    which.add_argument("--dead", action="store_true", help="all that are dead")
    _writes(retry, lambda told: f"make due again {'all that are dead' if told.dead else f'messages {told.id}'}")
    retry.set_defaults(
        act=lambda settings, told: outbox.retry(settings, clock.from_environment(), None if told.dead else told.id)
    )


def _span(told: argparse.Namespace) -> str:
    return f"for {told.lasts}" if told.until is None else f"until {told.until}"


def _writes(command: argparse.ArgumentParser, would: Callable[[argparse.Namespace], str]) -> None:
    command.add_argument("--dry-run", action="store_true", help="say what would be done; change and send nothing")
    command.set_defaults(would=would)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: a date such as 2026-05-02 is expected") from error


def _body(settings: Settings, told: argparse.Namespace) -> int:
    if settings.system.dry_run and hasattr(told, "would"):
        print("Would " + told.would(told))
        return OK
    code: int = told.act(settings, told)
    return code


if __name__ == "__main__":
    sys.exit(_command.run("alertctl", _parser(), _body))
