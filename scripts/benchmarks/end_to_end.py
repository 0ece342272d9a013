"""From a poll's due instant to its first board in the database, and from an alert's commit to the accepted mail.

Both on the whole chain as it is shipped (scheduler, scrapyd, crawls, mailer, a mail server) around the synthetic tote, whose
clock goes RATE times as fast as real time; the mails once more as a burst, against a bare smtplib loop.
"""

import statistics
from pathlib import Path

from benchmarks.frame import Context, Figure, percentile
from benchmarks.installation import Installation, installed, wait_until
from benchmarks.mail_burst import burst
from horses_scrapy.demo.mailbox import Mailbox, MailServer
from horses_scrapy.storage import report

NAME = "end_to_end"
RATE = 8
LONG = 30.0
"""Seconds for a poll or a mail: near the post there is one each minute of the tote's."""
SHARES = {"p50": 0.5, "p95": 0.95}
LOOP = "smtplib, all of them"
RULES = """
rules: [{name: short, kind: win_odds_below, threshold: 10, step: 0.2}]
delivery: {caps: {race: null, hour: null, day: null}}
"""
"""Nearly every board has something to tell."""


def run(context: Context) -> list[Figure]:
    committed, accepted = watched(context.folder, 2 if context.quick else 12)
    groups, rounds = (30, 1) if context.quick else (100, 5)
    taken, bare = burst(context.folder / "mails", groups, rounds)
    loop = statistics.median(bare)
    return [
        *_spread("due -> committed, a poll of the scheduler", [ms / 1000 for ms in committed]),
        *_spread("committed -> accepted, an alert of a board", [ms / 1000 for ms in accepted]),
        *_spread(f"committed -> accepted, {groups} alerts at one instant", taken, loop),
    ]


def _spread(name: str, seconds: list[float], loop: float | None = None) -> list[Figure]:
    return [
        Figure(
            name=f"{name}: {share}",
            value=percentile(seconds, of),
            unit="s",
            against="" if loop is None else LOOP,
            against_value=loop,
            ratio=None if loop is None else loop / percentile(seconds, of),
        )
        for share, of in SHARES.items()
    ]


def watched(folder: Path, least: int) -> tuple[list[int], list[int]]:
    """Milliseconds: due -> committed and committed -> accepted, of at least so many polls and as many mails."""
    rules = folder / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with installed(folder / "home", RATE, rules) as there:
        server = MailServer(Mailbox(), there.home.ports["smtp"])
        server.start()
        try:
            there.processes.start("mailer", ["scripts/mailer.py"])
            there.processes.start("scheduler", ["scripts/scheduler.py"])
            wait_until(lambda: all(len(found) >= least for found in delays(there)), there.processes, LONG * least)
        finally:
            there.processes.stop()
            server.stop()
        return delays(there)


def delays(there: Installation) -> tuple[list[int], list[int]]:
    with there.store.read() as connection:
        return report.due_to_committed_ms(connection), report.committed_to_accepted_ms(connection)
