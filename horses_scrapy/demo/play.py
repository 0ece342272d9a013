"""One card of the synthetic tote, from the first board to the last mail, with all our processes around it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from horses_scrapy import clock, config
from horses_scrapy.demo import audit, every_rule, live_board
from horses_scrapy.demo.home import Home
from horses_scrapy.demo.mailbox import Mailbox, MailServer
from horses_scrapy.demo.mishaps import Mishap, Stage
from horses_scrapy.demo.processes import Processes
from horses_scrapy.demo.screen import Screen, fired, summary
from horses_scrapy.errors import HorsesError
from horses_scrapy.health.facts import client_of
from horses_scrapy.health.nodes import Nodes
from horses_scrapy.health.scrapyd import ScrapydDown
from horses_scrapy.simulator.ledger import Ledger
from horses_scrapy.simulator.plan import Plan
from horses_scrapy.simulator.timeline import OVER
from horses_scrapy.storage import report
from horses_scrapy.storage.engine import Store, open_store

LOOK = 0.5
START_DEADLINE = 30
GRACE_MS = 240_000
"""What the last race has, on the demo's clock, to be official in the database after it is on the track."""


class DidNotHappen(HorsesError):
    """Something that the demo shows did not come to pass."""


@dataclass(slots=True)
class Demo:
    """`card` makes the plan from the instant at which it starts.

    every_rule: things go wrong on it, and each rule of the demo's own file must fire. stay: so many real seconds all goes on
    after the last race.
    """

    home: Home
    card: Callable[[datetime], Plan]
    screen: Screen
    mailbox: Mailbox = field(default_factory=Mailbox)
    every_rule: bool = False
    stay: float = 0

    def run(self) -> list[str]:
        """What is wrong afterwards: nothing, if the card was watched as it should be."""
        settings = config.load(environ=self.home.environment)
        now = clock.from_environment(self.home.environment)
        store = open_store(settings, now, create_as="demo")
        server = MailServer(self.mailbox, self.home.ports["smtp"])
        server.start()
        try:
            with Processes(self.home) as processes:
                live_board.start(processes)
                _start_scrapyd(processes)
                self._await(processes, "board", lambda: live_board.answers(self.home))
                self.screen.say(f"Board: {self.home.board}/ (Ctrl-C ends)")
                self._await(processes, "scrapyd", lambda: _answers(client_of(settings)))
                ledger = Ledger(self.card(now.now().replace(microsecond=0)))
                if self.every_rule:
                    every_rule.write_line(self.home, ledger)
                self._start(processes, ledger.plan)
                with self.screen:
                    self._watch(processes, store, now, ledger, self._mishaps(server, processes))
                with store.read() as connection:
                    shown = list(live_board.differences(self.home, connection))
                self._stay(processes)
            return self._judge(store, ledger, shown)
        finally:
            server.stop()
            store.close()

    def _start(self, processes: Processes, plan: Plan) -> None:
        card = {
            "--port": self.home.ports["tote"],
            "--seed": plan.seed,
            "--races": plan.races,
            "--first-post": plan.first_post,
            "--spacing": plan.spacing,
            "--timezone": plan.timezone,
            "--start": int(plan.start.timestamp()),
            **({} if plan.cancelled is None else {"--cancel": plan.cancelled}),
        }
        options = [text for name, value in card.items() for text in (name, str(value))]
        processes.start("tote", ["-m", "horses_scrapy.simulator", *options])
        processes.start("mailer", ["scripts/mailer.py"])
        processes.start("scheduler", ["scripts/scheduler.py"])

    def _await(self, processes: Processes, name: str, answers: Callable[[], bool]) -> None:
        give_up = time.monotonic() + START_DEADLINE
        while not answers():
            processes.check()
            if time.monotonic() > give_up:
                raise DidNotHappen(f"{name} did not answer within {START_DEADLINE} s: see {processes.log(name)}")
            time.sleep(LOOK / 5)

    def _stay(self, processes: Processes) -> None:
        """So that the last results can be looked at."""
        if self.stay:
            self.screen.say(f"The card is over; the next one starts in {self.stay:g} s")
        end = time.monotonic() + self.stay
        while time.monotonic() < end:
            processes.check()
            time.sleep(LOOK)

    def _mishaps(self, server: MailServer, processes: Processes) -> list[Mishap]:
        stage = Stage(
            self.home.tote,
            server.stop,
            server.start,
            lambda: processes.end("scrapyd"),
            lambda: _start_scrapyd(processes),
        )
        return list(stage.mishaps()) if self.every_rule else []

    def _watch(
        self, processes: Processes, store: Store, now: clock.Clock, ledger: Ledger, mishaps: list[Mishap]
    ) -> None:
        deadline = clock.to_ms(ledger.ends) + GRACE_MS
        told = 0
        while now.now_ms() < deadline:
            processes.check()
            while mishaps and now.now_ms() >= clock.to_ms(ledger.plan.start) + mishaps[0].after * 1000:
                self._happen(mishaps.pop(0))
            with store.read() as connection:
                lines = report.race_lines(connection)
                waiting = report.undelivered(connection)
            self.screen.races(now, lines)
            for mail in self.mailbox.mails[told:]:
                self.screen.mail(mail)
                told += 1
            if not waiting and _over(lines, store, ledger):
                return
            time.sleep(LOOK)

    def _happen(self, mishap: Mishap) -> None:
        self.screen.say(f"          {mishap.text}")
        mishap.happen()

    def _judge(self, store: Store, ledger: Ledger, shown: list[str]) -> list[str]:
        """shown: how the board differs from what is stored."""
        with store.read() as connection:
            counts = report.counts(connection)
            due, accepted = report.due_to_committed_ms(connection), report.committed_to_accepted_ms(connection)
            accepted_ids = report.accepted_message_ids(connection)
            wrong = shown + audit.differences(connection, ledger, pairs=not self.every_rule)
            finals = audit.finals(connection, ledger)
            rules = report.rule_counts(connection)
        mails = self.mailbox.mails
        if mails:
            self.screen.whole_mail(sorted(mails, key=lambda mail: len(mail.as_bytes()))[len(mails) // 2])
        self.screen.console.print(summary(counts, len(mails), due, accepted))
        wrong += _missing(counts, finals, len(ledger.races), accepted_ids, [mail["Message-ID"] for mail in mails])
        self.screen.console.print(fired(rules))
        wrong += every_rule.missing(rules) if self.every_rule else _unquiet(counts)
        if not wrong:
            self.screen.say(
                f"DEMO OK races={counts.races} boards={counts.boards} prices={counts.prices_stored} "
                f"exacta_grids={counts.exacta_grids} alerts={counts.alerts} mails={len(mails)} final_odds={finals}"
            )
        return wrong


def _start_scrapyd(processes: Processes) -> None:
    processes.start("scrapyd", ["scripts/run_scrapyd.py"])


def _answers(scrapyd: Nodes) -> bool:
    try:
        scrapyd.daemonstatus()
    except ScrapydDown:
        return False
    return True


def _over(lines: list[report.RaceLine], store: Store, ledger: Ledger) -> bool:
    if len(lines) < len(ledger.races) or any(line.status not in OVER for line in lines):
        return False
    with store.read() as connection:
        return audit.finals(connection, ledger) == len(ledger.races)


def _missing(counts: report.Counts, finals: int, races: int, accepted: list[str], received: list[str]) -> list[str]:
    """What should have happened and did not."""
    expected = {
        f"{counts.races} of {races} races stored": counts.races == races,
        "no board stored": counts.boards > 0,
        "no exacta stored": counts.exacta_grids > 0,
        "no alert fired": counts.alerts > 0,
        f"{finals} of {races} races with final odds and official results": finals == races,
        f"mails: the database says {len(accepted)}, the mailbox got {len(received)}": sorted(accepted)
        == sorted(received),
        "no mail delivered": bool(received),
    }
    return [text for text, held in expected.items() if not held]


def _unquiet(counts: report.Counts) -> list[str]:
    """What must not happen on a site that behaves."""
    expected = {
        f"crawls that did not end well: {counts.outcomes}": set(counts.outcomes) <= {"ok", None},
        f"deliveries not sent: {counts.deliveries}": set(counts.deliveries) <= {"sent", "expired", "inhibited"},
    }
    return [text for text, held in expected.items() if not held]
