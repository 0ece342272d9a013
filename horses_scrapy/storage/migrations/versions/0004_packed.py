"""Fewer bytes a board: words as numbers, a board's pools and pair prices each as one JSON array, no index by board.

docs/adr/0013 has the measurements.
"""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import groupby, product
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CODE = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
RACE_STATUS = ("scheduled", "open", "closed", "unofficial", "official", "cancelled", "postponed")
MARKET = (
    "win_tote", "win_fixed", "place_low", "place_high", "win_back", "win_lay", "win_last", "place_back", "place_lay",
    "place_last",
)  # fmt: skip
PRICE_STATUS = ("active", "capped", "scratched", "missing")
CODED: dict[str, dict[str, tuple[str, ...]]] = {
    "board": {"status": RACE_STATUS},
    "price_change": {"market": MARKET, "status": PRICE_STATUS},
    "latest_odds": {"market": MARKET, "status": PRICE_STATUS},
}
UNCHECKED = ("market",)  # before this revision
VIEWS = ("alert_log", "exacta_probable", "odds_snapshot", "price_log", "race_log")


def upgrade() -> None:
    _drop_views(VIEWS[1:3])
    op.drop_index("idx_entry_interest", "entry")  # nobody asked so
    op.drop_index("idx_price_change_board", "price_change")
    _mark_grids(_offset)
    for table, columns in CODED.items():
        _recode(table, columns, _to_code)
    if not _sqlite():
        op.create_index("idx_price_change_board", "price_change", ["board_id"])
    _pack_pools()
    _pack_pairs()
    _create_views(import_module("horses_scrapy.storage.views").statements(op.get_bind().dialect.name))


def downgrade() -> None:
    _drop_views(VIEWS)
    _unpack_pairs()
    _unpack_pools()
    if not _sqlite():
        op.drop_index("idx_price_change_board", "price_change")
    for table, columns in CODED.items():
        _recode(table, columns, _to_word)
    op.create_index("idx_price_change_board", "price_change", ["board_id"])
    op.create_index("idx_entry_interest", "entry", ["interest_id"])
    _mark_grids(_instant)
    if _sqlite():
        older = [
            import_module(f"horses_scrapy.storage.migrations.versions.{name}")
            for name in ("0001_first", "0002_sources")
        ]
        _create_views({"odds_snapshot": older[0].ODDS_SNAPSHOT, "exacta_probable": older[1].EXACTA_PROBABLE})


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _drop_views(names: tuple[str, ...]) -> None:
    for name in names:
        op.execute(f"DROP VIEW IF EXISTS {name}")


def _create_views(statements: Any) -> None:
    for statement in statements.values():
        op.get_bind().exec_driver_sql(
            statement, execution_options={"no_parameters": True}
        )  # as it stands, with its : and %


def _rows(query: str, **values: Any) -> Iterator[Any]:
    return iter(op.get_bind().execute(sa.text(query), values).all())


# --- Words ------------------------------------------------------------------------------------------------------------


def _to_code(column: str, words: tuple[str, ...]) -> tuple[Any, str, str]:
    """The new type, the expression of the new value, the new check."""
    cases = " ".join(f"WHEN '{word}' THEN {code}" for code, word in enumerate(words))
    return CODE, f"CASE {column} {cases} END", f"{column} BETWEEN 0 AND {len(words) - 1}"


def _to_word(column: str, words: tuple[str, ...]) -> tuple[Any, str, str]:
    cases = " ".join(f"WHEN {code} THEN '{word}'" for code, word in enumerate(words))
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.Text(), f"CASE {column} {cases} END", "" if column in UNCHECKED else f"{column} IN ({quoted})"


def _recode(table: str, columns: dict[str, tuple[str, ...]], to: Any) -> None:
    changes = {column: to(column, words) for column, words in columns.items()}
    if _sqlite():
        _rebuild(table, changes)
        return
    for column, (kind, value, check) in changes.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
        name = kind.compile(dialect=op.get_bind().dialect)
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {name} USING ({value})")
        if check:
            op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, check)


def _rebuild(name: str, changes: dict[str, tuple[Any, str, str]]) -> None:
    text = _definition(name)
    for column, (kind, _, check) in changes.items():
        text = re.sub(
            rf"\b{column} (TEXT|INTEGER) NOT NULL", f"{column} {kind.compile(op.get_bind().dialect)} NOT NULL", text
        )
        text = re.sub(rf",\s*CONSTRAINT ck_{name}_{column} CHECK \([^()]*(\([^()]*\))?\)", "", text)
        if check:
            named = f"CONSTRAINT ck_{name}_{column} CHECK ({check})"
            text = re.sub(rf"(CONSTRAINT pk_{name} )", rf"{named}, \n\t\1", text)
    _replace(name, text, {column: value for column, (_, value, _) in changes.items()})


def _definition(name: str) -> str:
    return str(next(_rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :name", name=name)).sql)


def _replace(name: str, definition: str, values: dict[str, str]) -> None:
    """SQLite: a new table with the rows of the old one, under its name. Foreign keys are off where there are rows."""
    bind = op.get_bind()
    indexes = list(
        _rows("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql > '' AND tbl_name = :name", name=name)
    )
    bind.exec_driver_sql(re.sub(rf'^CREATE TABLE "?{name}"?', f"CREATE TABLE {name}_new", definition))
    columns = [row.name for row in bind.exec_driver_sql(f"PRAGMA table_info({name}_new)")]
    selected = ", ".join(values.get(column, column) for column in columns)
    bind.exec_driver_sql(f"INSERT INTO {name}_new ({', '.join(columns)}) SELECT {selected} FROM {name}")  # noqa: S608
    op.drop_table(name)
    op.rename_table(f"{name}_new", name)
    for index in indexes:
        bind.exec_driver_sql(index.sql)


def _mark_grids(form: Any) -> None:
    for row in _rows("SELECT board_id, fetched_at, grids FROM board WHERE grids <> ''"):
        marks = ",".join(sorted(form(mark, row.fetched_at) for mark in row.grids.split(",")))
        op.get_bind().execute(
            sa.text("UPDATE board SET grids = :marks WHERE board_id = :board_id"),
            {"marks": marks, "board_id": row.board_id},
        )


def _offset(mark: str, board_at: int) -> str:
    bet_type, _, at = mark.partition("@")
    return f"{bet_type}{int(at) - board_at:+}"


def _instant(mark: str, board_at: int) -> str:
    sign = "+" if "+" in mark else "-"
    bet_type, _, distance = mark.partition(sign)
    return f"{bet_type}@{board_at + int(sign + distance)}"


# --- Pools ------------------------------------------------------------------------------------------------------------


def _set_aside(*tables: str) -> None:
    """Rename, and on PostgreSQL the primary keys with them: their names are the schema's."""
    for table in tables:
        op.rename_table(table, f"{table}_old")
        if not _sqlite():
            op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_{table}_old")


def _drop_aside(*tables: str) -> None:
    for table in tables:
        op.drop_table(f"{table}_old")


def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        op.get_bind().execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), rows)  # noqa: S608


def _pack_pools() -> None:
    op.drop_index("idx_pool_race", "pool")
    op.drop_index("idx_pool_change_board", "pool_change")
    _set_aside("pool_change", "pool")
    _packed_pool_tables()
    pools = _rows("SELECT * FROM pool_old ORDER BY race_id, source_id, pool_id")
    for (race_id, source_id), group in groupby(pools, key=lambda row: (row.race_id, row.source_id)):
        own = list(group)
        named = ("race_id", "source_id", "bet_type", "interest_id", "currency")
        _insert("pool", [{name: getattr(row, name) for name in named} | {"position": at} for at, row in enumerate(own)])
        _insert("pool_change", list(_packed_amounts(race_id, source_id, [row.pool_id for row in own])))
    _drop_aside("pool_change", "pool")


def _packed_amounts(race_id: int, source_id: int, pool_ids: list[int]) -> Iterator[dict[str, Any]]:
    amounts: list[int | None] = [None] * len(pool_ids)
    changes = _rows(
        "SELECT c.* FROM board b JOIN pool_change_old c ON c.board_id = b.board_id"
        " WHERE b.race_id = :race AND b.source_id = :source ORDER BY b.fetched_at",
        race=race_id,
        source=source_id,
    )
    for board_id, group in groupby(changes, key=lambda row: row.board_id):
        for row in group:
            amounts[pool_ids.index(row.pool_id)] = row.amount
        shown = amounts.copy()
        while shown and shown[-1] is None:
            shown.pop()
        yield {"board_id": board_id, "amounts": json.dumps(shown, separators=(",", ":"))}


def _packed_pool_tables() -> None:
    op.create_table(
        "pool",
        sa.Column("race_id", INT, nullable=False),
        sa.Column("source_id", INT, nullable=False),
        sa.Column("position", INT, nullable=False),
        sa.Column("bet_type", sa.Text(), nullable=False),
        sa.Column("interest_id", INT, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["interest_id"], ["betting_interest.interest_id"], name=op.f("fk_pool_interest_id")),
        sa.ForeignKeyConstraint(["race_id"], ["race.race_id"], name=op.f("fk_pool_race_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.source_id"], name=op.f("fk_pool_source_id")),
        sa.PrimaryKeyConstraint("race_id", "source_id", "position", name=op.f("pk_pool")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pool_change",
        sa.Column("board_id", INT, autoincrement=False, nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.board_id"], name=op.f("fk_pool_change_board_id")),
        sa.PrimaryKeyConstraint("board_id", name=op.f("pk_pool_change")),
        sqlite_strict=True,
    )


def _unpack_pools() -> None:
    _set_aside("pool_change", "pool")
    first = import_module("horses_scrapy.storage.migrations.versions.0001_first")
    first._pool()  # noqa: SLF001 - a revision's own tables are made in one place
    first._pool_change()  # noqa: SLF001
    pools = _rows("SELECT * FROM pool_old ORDER BY race_id, source_id, position")
    pool_id = 0
    for (race_id, source_id), group in groupby(pools, key=lambda row: (row.race_id, row.source_id)):
        own = [dict(row._mapping) | {"pool_id": pool_id + at} for at, row in enumerate(group, 1)]  # noqa: SLF001 - a Row's documented name
        pool_id += len(own)
        moved = list(_moved_amounts(race_id, source_id, own))
        named = ("pool_id", "race_id", "source_id", "bet_type", "interest_id", "currency", "amount", "seen_at")
        _insert("pool", [{name: row.get(name) for name in named} for row in own if "seen_at" in row])
        _insert("pool_change", moved)
    _drop_aside("pool_change", "pool")
    if not _sqlite():
        op.execute(
            "SELECT setval(pg_get_serial_sequence('pool', 'pool_id'), coalesce(max(pool_id), 0) + 1, false) FROM pool"
        )


def _moved_amounts(race_id: int, source_id: int, own: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The changes one by one; each of `own` gets its newest amount, and when it was seen last."""
    boards = _rows(
        "SELECT b.board_id, b.fetched_at, c.amounts FROM board b LEFT JOIN pool_change_old c ON c.board_id = b.board_id"
        " WHERE b.race_id = :race AND b.source_id = :source ORDER BY b.fetched_at",
        race=race_id,
        source=source_id,
    )
    for board in boards:
        shown = None if board.amounts is None else dict(enumerate(json.loads(board.amounts)))
        for row in own:
            amount = row.get("amount") if shown is None else shown.get(row["position"])
            if amount != row.get("amount"):
                yield {"pool_id": row["pool_id"], "board_id": board.board_id, "amount": amount}
                row["amount"] = amount
            if amount is not None:
                row["seen_at"] = board.fetched_at


# --- Pair prices ------------------------------------------------------------------------------------------------------


def _pack_pairs() -> None:
    _add_packed()
    cells = _rows('SELECT grid_id, "first", "second", payout FROM pair_price ORDER BY grid_id')
    for grid_id, group in groupby(cells, key=lambda row: row.grid_id):
        payouts = {(row.first, row.second): row.payout for row in group}
        interests = sorted({interest for pair in payouts for interest in pair})
        packed = [payouts.get(pair) for pair in product(interests, interests)]
        op.get_bind().execute(
            sa.text("UPDATE pair_grid SET interests = :interests, payouts = :payouts WHERE grid_id = :grid_id"),
            {
                "interests": json.dumps(interests, separators=(",", ":")),
                "payouts": json.dumps(packed, separators=(",", ":")),
                "grid_id": grid_id,
            },
        )
    op.drop_table("pair_price")


def _add_packed() -> None:
    if _sqlite():
        columns = "interests TEXT NOT NULL, \n\tpayouts TEXT NOT NULL, \n\t"
        text = re.sub(r"(?=CONSTRAINT pk_pair_grid )", columns, _definition("pair_grid"))
        _replace("pair_grid", text, {"interests": "'[]'", "payouts": "'[]'"})
        return
    for column in ("interests", "payouts"):
        op.add_column("pair_grid", sa.Column(column, sa.Text(), server_default=sa.text("'[]'"), nullable=False))
        op.alter_column("pair_grid", column, server_default=None)


def _unpack_pairs() -> None:
    import_module("horses_scrapy.storage.migrations.versions.0001_first")._pair_price()  # noqa: SLF001
    for row in _rows("SELECT grid_id, interests, payouts FROM pair_grid"):
        order = json.loads(row.interests)
        cells = zip(product(order, order), json.loads(row.payouts), strict=True)
        shown = [
            {"grid_id": row.grid_id, "first": first, "second": second, "payout": payout}
            for (first, second), payout in cells
            if payout is not None
        ]
        _insert("pair_price", shown)
    op.drop_column("pair_grid", "interests")
    op.drop_column("pair_grid", "payouts")
