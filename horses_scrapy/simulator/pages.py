"""The ledger at an instant as pages for people. Pure: the same ledger and instant give the same HTML."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from horses_scrapy import odds
from horses_scrapy.simulator.board import BASE, Board
from horses_scrapy.simulator.finish import INQUIRY_RACE
from horses_scrapy.simulator.ledger import Ledger, RaceLedger
from horses_scrapy.simulator.plan import Plan

ENTRIES = ("No.", "Post", "Horse", "Jockey", "Trainer", "M/L", "Status")
ODDS = ("No.", "Horse", "Odds", "Win", "Place", "Show")
STRAIGHT = ("win", "place", "show")


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """How a page lies on demand: another meeting's name on it, two of its headers changed over, or pairs of early money."""

    wrong_meeting: bool = False
    swapped_columns: bool = False
    frozen_pairs: bool = False


STRAIGHTFORWARD = Twist()
EARLY_BOARD = 8


@dataclass(frozen=True, slots=True)
class Page:
    """`board` is the number of the board that it shows, where it shows one."""

    html: str
    race: int | None = None
    board: int | None = None


def local(instant: dt.datetime) -> str:
    return instant.strftime("%-I:%M %p %Z")


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
_TEMPLATES.filters["local"] = local


@dataclass(frozen=True, slots=True)
class Pages:
    ledger: Ledger
    at: dt.datetime
    twist: Twist = STRAIGHTFORWARD

    def card(self, date: dt.date) -> Page:
        return Page(self._render("card", "Card", None, date=date, races=self.races(date)))

    def entries(self, race: RaceLedger) -> Page:
        return Page(self._render("entries", "Entries", race, **self.entries_table(race)), race.race.number)

    def odds(self, race: RaceLedger) -> Page:
        board = race.board_at(self.at)
        html = self._render("odds", "Odds", race, **self.odds_tables(race), **self.shown(board))
        return Page(html, race.race.number, None if board is None else board.number)

    def exacta(self, race: RaceLedger) -> Page:
        board = race.board_at(self.at)
        html = self._render("exacta", "Exacta probables", race, **self.exacta_table(race), **self.shown(board))
        return Page(html, race.race.number, None if board is None else board.number)

    def results(self, race: RaceLedger) -> Page:
        return Page(self._render("results", "Results", race, **self.results_tables(race)), race.race.number)

    def entries_table(self, race: RaceLedger) -> dict[str, Any]:
        out = race.race.scratched_at(self.at)
        rows = [
            (
                runner.program_number,
                runner.post_position,
                runner.horse,
                race.race.jockey_at(runner, self.at),
                runner.trainer,
                odds.show(runner.morning_line, "board"),
                "SCR" if runner.label in out else "",
            )
            for runner in race.race.runners
        ]
        return {"columns": self._headers(ENTRIES), "rows": rows}

    def odds_tables(self, race: RaceLedger) -> dict[str, Any]:
        board = race.board_at(self.at)
        return {
            "columns": self._headers(ODDS),
            "rows": [self._odds_row(race, board, label) for label in race.race.labels],
            "pools": [(pool.capitalize(), dollars(total)) for pool, total in pool_totals(board).items()],
        }

    def exacta_table(self, race: RaceLedger, *, first_down: bool = True) -> dict[str, Any]:
        """Probables of all pairs still running; none before there is money. `first_down`: a row is the winner's."""
        board = race.board_at(self.at)
        labels = () if board is None or board.number == 0 else board.labels
        if board is not None and self.twist.frozen_pairs:
            board = race.boards[min(board.number, EARLY_BOARD)]
        return {
            "columns": self._headers(labels),
            "rows": [
                (down, [probable_text(board, *((down, over) if first_down else (over, down))) for over in labels])
                for down in labels
            ],
            "base": f"${BASE // 100}",
            "scratched": sorted(race.race.scratched_at(self.at)),
        }

    def results_tables(self, race: RaceLedger) -> dict[str, Any]:
        status = race.race.times.status_at(self.at)
        order = {"unofficial": race.finished, "official": race.official}.get(status, ())
        return {
            "finishers": [
                (place, runner.program_number, runner.horse, race.race.jockey_at(runner, self.at))
                for place, runner in enumerate(order, start=1)
            ],
            "payoffs": [
                (payoff.bet_type.capitalize(), payoff.combination, dollars(payoff.base), f"${payoff.payout / 100:,.2f}")
                for payoff in (race.payoffs if status == "official" else ())
            ],
            "inquiry": race.race.number == INQUIRY_RACE and status == "unofficial",
        }

    def meeting(self, date: dt.date) -> dict[str, Any]:
        code, name = ("OTH", "Other Park") if self.twist.wrong_meeting else (self._plan.code, self._plan.name)
        return {"code": code, "name": name, "date": date}

    def races(self, date: dt.date) -> list[dict[str, Any]]:
        return [self.facts(entry) for entry in self.ledger.races.values()] if date == self._plan.race_date else []

    def facts(self, race: RaceLedger) -> dict[str, Any]:
        times = race.race.times
        minutes = times.minutes_to_post(self.at)
        return {
            "number": race.race.number,
            "name": race.race.name,
            "post": times.post_at(self.at).astimezone(self._plan.zone),
            "mtp": "OFF" if minutes is None else f"{minutes} MTP",
            "status": times.status_at(self.at).capitalize(),
            "surface": race.race.surface_at(self.at).capitalize(),
            "runners": len(race.race.runners),
        }

    def shown(self, board: Board | None) -> dict[str, Any]:
        if board is None:
            return {"as_of": None, "board": ""}
        return {"as_of": board.at.astimezone(self._plan.zone), "board": board.number}

    @property
    def _plan(self) -> Plan:
        return self.ledger.plan

    def _render(self, template: str, title: str, race: RaceLedger | None, **context: Any) -> str:
        meeting = self.meeting(context.pop("date", self._plan.race_date))
        facts = None if race is None else self.facts(race)
        return _TEMPLATES.get_template(f"{template}.html.j2").render(
            meeting=meeting, title=title, race=facts, **context
        )

    def _headers(self, headers: Sequence[str]) -> list[str]:
        """The headers; or, to mislead, two of them changed over while the cells stay."""
        listed = list(headers)
        if self.twist.swapped_columns and len(listed) > 1:
            listed[-2], listed[-1] = listed[-1], listed[-2]
        return listed

    def _odds_row(self, race: RaceLedger, board: Board | None, label: str) -> tuple[str, ...]:
        text = "" if board is None else board.odds_text(label)
        amounts = [_on(board, pool, label) for pool in STRAIGHT]
        return (label, race.race.horses(label), text, *amounts)


def pool_totals(board: Board | None) -> dict[str, int]:
    """Cents in each pool; empty before wagering opens."""
    if board is None:
        return {}
    return {pool: sum(getattr(board.pools, pool).values()) for pool in (*STRAIGHT, "exacta")}


def probable_text(board: Board | None, first: str, second: str) -> str:
    if board is None or first == second:
        return ""
    cents = board.probable((first, second))
    return "-" if cents is None else f"{cents / 100:.2f}"


def dollars(cents: int) -> str:
    return f"${cents // 100:,}"


def _on(board: Board | None, pool: str, label: str) -> str:
    """Dollars on an interest; blank where it is out or wagering has not opened."""
    amount = None if board is None else getattr(board.pools, pool).get(label)
    return "" if amount is None else dollars(amount)


def shell(title: str) -> str:
    """The JavaScript board before its script has run: the same for every page."""
    return _TEMPLATES.get_template("shell.html.j2").render(title=title)


def login() -> str:
    return _TEMPLATES.get_template("login.html.j2").render()
