"""Each file of scenarios/ is one behaviour: what is stored at minutes from START (post is at 60), and what must come of it.

title: what it shows. rules: a rule file. Before the first step, where given: recipients; takeouts (bet type -> percent);
watch (list -> [[field, value]]); lines (texts of CSV files in the rule file's folder of lines); card (Meeting.card at 0).

steps, in order: at (minute), and any of
  card, result, board: arguments of Meeting's methods, stored in this order, then every race named is evaluated
    (card.post in minutes, card.source/board.source as a mapping, board.pairs as "1-2": 40, board.flags as a list,
    board.source_time in minutes)
  down: true where nothing is evaluated at this step: the engine is not running
  alerts: the lines that the step must give, none where it says nothing
  details: for each alert of the step, what its detail must hold (keys of alerts.wording.Detail; notes: all of them)
  silence: match (as alertctl takes it), until (minute), by, comment
  firing: rule about ourselves -> track that it fires about
  mails: recipient -> subjects that a flush at this minute must send. Where any step has it, each one flushes
  fates: for each alert so far that was not sent, "<rule> <subject>": "<state>: <reason>"; of all recipients
"""

from datetime import date
from pathlib import Path

import delivering
import pytest
import yaml

from alerts.lines import Lines
from alerts.surroundings import Surroundings
from horses_scrapy.clock import to_ms
from horses_scrapy.config.tracks import PoolTerms
from horses_scrapy.items import Source
from horses_scrapy.storage import watchlists
from horses_scrapy.storage.names import name_key

FOLDER = Path(__file__).parent / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
KEYS = {"title", "rules", "card", "lines", "takeouts", "watch", "recipients", "steps"}
STEP_KEYS = {
    "at", "card", "result", "board", "down", "alerts", "details", "silence", "firing", "mails", "fates",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_scenario(path, meeting, clock):
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(told) <= KEYS, "unknown key of a scenario"
    assert told["steps"], "a scenario without steps shows nothing"
    prepare(meeting, told)
    for number, step in enumerate(told["steps"], 1):
        assert set(step) <= STEP_KEYS, f"step {number}: unknown key"
        clock.put(meeting.at(step["at"]))
        before = len(meeting.rows("alert"))
        fired = take(meeting, step)
        assert fired == step.get("alerts", []), f"step {number}, minute {step['at']}"
        check_details(meeting.details()[before:], step.get("details"))
        deliver(meeting, step, flushes=any("mails" in one for one in told["steps"]))
    meeting.assert_replays_exactly()


def check_details(found, expected):
    if expected is not None:
        assert [{key: one[key] for key in wanted} for one, wanted in zip(found, expected, strict=True)] == expected


def deliver(meeting, step, *, flushes):
    if "silence" in step:
        delivering.silence(meeting, **step["silence"])
    for rule, track in step.get("firing", {}).items():
        delivering.fire(meeting, rule, track)
    if flushes:
        assert delivering.flush(meeting) == step.get("mails", {}), f"minute {step['at']}"
    if "fates" in step:
        assert delivering.fates(meeting) == step["fates"], f"minute {step['at']}"


def test_titles_are_different():
    titles = [yaml.safe_load(path.read_text(encoding="utf-8"))["title"] for path in FILES]
    assert len(set(titles)) == len(titles)


def prepare(meeting, told):
    meeting.rules(yaml.safe_dump(told["rules"], allow_unicode=True))
    meeting.recipients = tuple(told.get("recipients", meeting.recipients))
    meeting.around = Surroundings(
        tracks={meeting.track.key: meeting.track.model_copy(update={"pools": pools(told.get("takeouts", {}))})},
        lines=Lines(lines(meeting.folder, told.get("lines", []))),
    )
    watch(meeting, told.get("watch", {}))
    if "card" in told:
        meeting.card(0, **of_card(meeting, told["card"]))


def pools(takeouts):
    return {
        bet_type: (
            PoolTerms(since=date(2020, 1, 1), takeout=percent / 100, breakage=0.1, minimum=1.05, origin="rules"),
        )
        for bet_type, percent in takeouts.items()
    }


def lines(home, texts):
    folder = home / "lines"
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.csv").write_text(text, encoding="utf-8")
    return folder


def watch(meeting, lists):
    with meeting.store.write() as connection:
        for name, entries in lists.items():
            for field, value in entries:
                key = name_key(value) if field in {"horse", "jockey", "trainer"} else value
                watchlists.add(
                    connection,
                    name=name,
                    field=field,
                    value=key,
                    shown=value,
                    at_ms=to_ms(meeting.at(-1)),
                    created_by="me",
                )


def take(meeting, step):
    races = set()
    store = (
        ("card", meeting.card, of_card),
        ("result", meeting.result, of_card),
        ("board", meeting.board, of_board),
    )
    for key, stored, arguments in store:
        if key in step:
            stored(step["at"], **arguments(meeting, step[key]))
            races.add(step[key].get("race", 1))
    return [] if step.get("down") else [line for race in sorted(races) for line in meeting.evaluate(race)]


def of_card(meeting, told):
    made = dict(told)
    if "post" in made:
        made["post"] = meeting.at(made["post"])
    return with_source(made)


def of_board(meeting, told):
    made = dict(told)
    if "pairs" in made:
        made["pairs"] = {tuple(pair.split("-")): paid for pair, paid in made["pairs"].items()}
    if "flags" in made:
        made["flags"] = frozenset(made["flags"])
    if "source_time" in made:
        made["source_time"] = meeting.at(made["source_time"])
    return with_source(made)


def with_source(made):
    if "source" in made:
        made["source"] = Source(**made["source"])
    return made
