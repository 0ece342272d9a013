"""Items are frozen, hashable where they hold no sets of mutable things, explicit about units, and text where text is due."""

import dataclasses
import re
from datetime import UTC, date, datetime
from typing import get_args, get_type_hints

import pytest
from itemadapter import ItemAdapter

from horses_scrapy import items
from horses_scrapy.storage import schema
from horses_scrapy.storage.coded import Coded

NOW = datetime(2026, 5, 2, 21, 5, tzinfo=UTC)
SOURCE = items.Source("demo", "board", "display")
KINDS = [kind for kind in vars(items).values() if dataclasses.is_dataclass(kind)]


def odds_item(**changes):
    given = {
        "track": "demo", "race_date": date(2026, 5, 2), "race_number": 1, "source": SOURCE, "url": "http://127.0.0.1/1",
        "fetched_at": NOW, "status": "open", "prices": (items.Price(label="1", market="win_tote", price=3500),),
    }  # fmt: skip
    return items.OddsItem(**given | changes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_is_frozen_and_takes_no_stray_field(kind):
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)


def test_an_item_cannot_be_changed_by_a_later_pipeline():
    with pytest.raises(dataclasses.FrozenInstanceError):
        odds_item().race_number = 2
    assert hash(odds_item()) == hash(odds_item())
    assert odds_item() == odds_item()


def test_fields_are_named_not_counted():
    with pytest.raises(TypeError):
        items.Price("1", "win_tote", 3500)


@pytest.mark.parametrize("kind", KINDS)
def test_no_price_or_amount_is_a_float(kind):
    hints = get_type_hints(kind)
    assert not [name for name, hint in hints.items() if float in (hint, *get_args(hint))]
    money = [name for name in hints if name in {"price", "payout", "amount", "base", "morning_line"}]
    assert all(hints[name] in (int, int | None) for name in money)


@pytest.mark.parametrize("kind", KINDS)
def test_program_numbers_and_labels_are_text(kind):
    hints = get_type_hints(kind)
    names = [
        name for name in hints if name in {"program_number", "label", "first", "second", "post_position", "combination"}
    ]
    assert all(hints[name] in (str, str | None) for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_money_names_its_currency(kind):
    names = {field.name for field in dataclasses.fields(kind)}
    if names & {"amount", "base"}:
        assert "currency" in names


def test_the_status_tuple_is_the_literal():
    assert get_args(items.RaceStatus) == items.RACE_STATUSES
    assert set(get_args(items.EntryStatus)) >= items.OUT


@pytest.mark.parametrize(
    ("table", "column", "literal"),
    [
        ("race", "status", items.RaceStatus),
        ("board", "status", items.RaceStatus),
        ("entry", "status", items.EntryStatus),
        ("price_change", "status", items.PriceStatus),
        ("source", "notation", items.Notation),
        ("source", "basis", items.Basis),
    ],
)
def test_the_store_accepts_exactly_what_an_item_may_say(table, column, literal):
    kind = schema.metadata.tables[table].c[column].type
    if isinstance(kind, Coded):
        assert kind.words == get_args(literal)
        return
    checks = [str(check.sqltext) for check in schema.metadata.tables[table].constraints if hasattr(check, "sqltext")]
    accepted = next(set(re.findall(r"'(\w+)'", text)) for text in checks if text.startswith(f"{column} IN"))
    assert accepted == set(get_args(literal))


def test_scrapy_can_adapt_every_item():
    race = items.RaceItem(
        track="demo", race_date=date(2026, 5, 2), race_number=1, source=SOURCE, source_key="1", url="u", fetched_at=NOW,
        post_time=NOW, status="open", entries=(items.Entry(program_number="1A", label="1", horse="Alpha"),),
    )  # fmt: skip
    result = items.ResultItem(
        track="demo", race_date=date(2026, 5, 2), race_number=1, source=SOURCE, url="u", fetched_at=NOW, status="official",
        finishers=(items.Finisher(position=1, program_number="1A"),),
    )  # fmt: skip
    for item in (race, odds_item(), result):
        assert isinstance(item, get_args(items.AnyItem))
        assert ItemAdapter(item).asdict()["race_number"] == 1


def test_defaults_claim_nothing():
    board = odds_item()
    assert (board.minutes_to_post, board.source_time, board.pools, board.grids, board.flags) == (
        None,
        None,
        (),
        (),
        frozenset(),
    )
    assert items.Price(label="1", market="win_tote", price=None).status == "active"
