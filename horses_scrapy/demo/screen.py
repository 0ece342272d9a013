"""What a person sees while the card goes to post, and the table at the end."""

from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from typing import Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from horses_scrapy import clock
from horses_scrapy.storage.report import Counts, RaceLine, RuleCount, quantile

STATUS_STYLES = {
    "open": "green",
    "closed": "yellow",
    "unofficial": "yellow",
    "official": "bold cyan",
    "cancelled": "red",
}


class Screen:
    """A live table of the races with the mails above it; plain lines where the output is no terminal."""

    def __init__(self, console: Console, zone: str) -> None:
        self.console = console
        self._zone = ZoneInfo(zone)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._statuses: dict[int, str] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self.console.print(Text(text), soft_wrap=True)

    def races(self, now: clock.Clock, lines: Sequence[RaceLine]) -> None:
        for line in lines:
            if self._statuses.get(line.race_number) != line.status:
                self._statuses[line.race_number] = line.status
                self.say(f"{self._time(now.now_ms())}  race {line.race_number} is {line.status}")
        if self.console.is_terminal:
            self._live.update(Group(self._table(now, lines)), refresh=True)

    def _table(self, now: clock.Clock, lines: Iterable[RaceLine]) -> Table:
        table = Table(title=f"Synthetic Downs  {self._time(now.now_ms())}  (x{now.rate:g})", expand=False)
        for name in ("race", "post", "MTP", "status", "boards", "alerts"):
            table.add_column(name, justify="right" if name != "status" else "left")
        for line in lines:
            minutes = "" if line.minutes_to_post is None else str(line.minutes_to_post)
            post = "" if line.post_time is None else self._time(line.post_time)
            status = Text(line.status, style=STATUS_STYLES.get(line.status, ""))
            table.add_row(str(line.race_number), post, minutes, status, str(line.boards), str(line.alerts))
        return table

    def _time(self, ms: int) -> str:
        return f"{clock.from_ms(ms).astimezone(self._zone):%H:%M:%S}"

    def mail(self, mail: EmailMessage) -> None:
        self.say(f"          mail: {mail['Subject']}")

    def whole_mail(self, mail: EmailMessage) -> None:
        """The plain part as a reader of plain mail sees it, under its headers."""
        headers = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject", "Date", "Message-ID"))
        body = mail.get_body(("plain",))
        text = "" if body is None else body.get_content()
        self.console.print(Panel(Text(f"{headers}\n\n{text.strip()}"), title="one of the mails", expand=False))


def summary(counts: Counts, mails: int, due: list[int], accepted: list[int]) -> Table:
    table = Table(title="What happened", show_header=False)
    rows = {
        "races": counts.races,
        "boards": counts.boards,
        "prices seen": counts.prices_seen,
        "prices stored": counts.prices_stored,
        "exacta grids": counts.exacta_grids,
        "alerts": counts.alerts,
        "mails": mails,
        "crawls": ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.outcomes.items())),
        "due -> committed, real s": _quantiles(due),
        "committed -> accepted by SMTP, real s": _quantiles(accepted),
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def fired(rules: Iterable[RuleCount]) -> Table:
    table = Table(title="What the rules said")
    for name in ("rule", "kind", "fired", "mails"):
        table.add_column(name, justify="left" if name in {"rule", "kind"} else "right")
    for count in rules:
        table.add_row(count.rule, count.kind, str(count.fired), str(count.messages))
    return table


def _quantiles(ascending: list[int]) -> str:
    p50, p95 = quantile(ascending, 0.50), quantile(ascending, 0.95)
    if p50 is None or p95 is None:
        return "none"
    return f"p50 {p50 / 1000:.2f}  p95 {p95 / 1000:.2f}  (n={len(ascending)})"
