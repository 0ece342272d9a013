"""A runner of Betfair's catalogue: who it is. Its metadata are text or null."""

import re
from dataclasses import dataclass

from horses_scrapy import odds
from horses_scrapy.errors import ParseError, UnknownOdds
from horses_scrapy.items import Entry, EntryStatus
from horses_scrapy.sources.json_body import Json

_CLOTH = re.compile(r"([1-9]\d?)[A-Z]?", re.ASCII)
_NUMBERED = re.compile(r"([1-9]\d?[A-Z]?)\. (.+)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Runner:
    """`morning_line` is Betfair's forecast price, decimal odds in thousandths."""

    selection_id: int
    program_number: str
    horse: str
    jockey: str | None = None
    trainer: str | None = None
    morning_line: int | None = None
    post_position: str | None = None
    horse_country: str | None = None

    def entry(self, status: EntryStatus, **details: object) -> Entry:
        """Each selection is bet on its own, a coupled 1A too: so its label is its program number."""
        return Entry(
            program_number=self.program_number,
            label=self.program_number,
            horse=self.horse,
            status=status,
            jockey=self.jockey,
            trainer=self.trainer,
            morning_line=self.morning_line,
            post_position=self.post_position,
            horse_country=self.horse_country,
            horse_key=str(self.selection_id),
            **details,  # type: ignore[arg-type]
        )


def selection_id(node: Json) -> int:
    return node["selectionId"].whole()


def parse_runner(node: Json) -> Runner:
    metadata = node["metadata"]
    shown = node["runnerName"].text()
    named = _NUMBERED.fullmatch(shown)
    number = _program_number(metadata, named[1] if named is not None else None)
    return Runner(
        selection_id=selection_id(node),
        program_number=number,
        horse=named[2] if named is not None else shown,
        jockey=metadata.optional_text("JOCKEY_NAME"),
        trainer=metadata.optional_text("TRAINER_NAME"),
        morning_line=_forecast(metadata),
        post_position=metadata.optional_text("STALL_DRAW"),
        horse_country=metadata.optional_text("BRED"),
    )


def _program_number(metadata: Json, in_name: str | None) -> str:
    """The cloth number: `1A` is one. Where it is told twice or thrice, all must agree."""
    alpha, plain = metadata.optional_text("CLOTH_NUMBER_ALPHA"), metadata.optional_text("CLOTH_NUMBER")
    told = [text for text in (alpha, plain, in_name) if text is not None]
    if not told:
        raise ParseError(f"{metadata.path}.CLOTH_NUMBER: missing")
    matches = [_CLOTH.fullmatch(text) for text in told]
    if any(match is None for match in matches) or len({match[1] for match in matches if match is not None}) != 1:
        raise ParseError(f"{metadata.path}.CLOTH_NUMBER: {told}: one cloth number such as 7 or 1A is expected")
    return max(told, key=len)


def _forecast(metadata: Json) -> int | None:
    """7 and 2 are 7/2, profit per 1; both or neither are given."""
    numerator, denominator = (metadata.optional_text(f"FORECASTPRICE_{part}") for part in ("NUMERATOR", "DENOMINATOR"))
    if numerator is None and denominator is None:
        return None
    try:
        return odds.parse_board(f"{numerator}/{denominator}").price
    except UnknownOdds as error:
        raise ParseError(f"{metadata.path}.FORECASTPRICE_NUMERATOR: {error}") from error
