from dataclasses import replace

import pytest
from sqlalchemy import func, select

from horses_scrapy.errors import StoreError
from horses_scrapy.items import Price
from horses_scrapy.storage import queries, schema, writer
from horses_scrapy.storage.board_view import GridView, PoolView, Shown


def count(connection, table):
    return connection.scalar(select(func.count()).select_from(table))


def latest(connection, race_id=1):
    return {
        (one.source, one.label): (one.price, one.status, one.changed_at, one.seen_at)
        for one in queries.latest_odds(connection, race_id)
    }


def test_the_same_board_again_changes_nothing(store, meeting):
    item = meeting.board(0, {"1": 3500, "2": "SCR"}, pools={None: 900, "1": 400}, exacta={("1", "2"): 1370})
    with store.write() as connection:
        first = meeting.put(connection, item, now_ms=1)
        before = meeting.dump(connection)
        again = meeting.put(connection, item, now_ms=2)
        assert meeting.dump(connection) == before
    assert (first.new, first.late, first.prices_seen, first.prices_stored) == (True, False, 2, 2)
    assert (again.new, again.board_id, again.race_id, again.prices_stored) == (False, first.board_id, first.race_id, 2)


def test_the_same_bytes_later_add_only_the_heartbeat(store, meeting):
    shown = {"prices": {"1": 3500, "2": 2000}, "pools": {None: 900, "1": 400}, "exacta": {("1", "2"): 1370}}
    with store.write() as connection:
        meeting.put(connection, meeting.board(0, **shown))
        before = meeting.dump(connection)
        stored = meeting.put(connection, meeting.board(60, **shown))
        after = meeting.dump(connection)
    added = {name: len(after[name]) - len(before[name]) for name in after if len(after[name]) != len(before[name])}
    assert added == {"board": 1}
    assert (stored.new, stored.prices_stored) == (True, 0)
    assert {name for name in after if after[name] != before[name]} == {"board", "latest_odds"}  # seen_at


def test_only_what_differs_is_stored(store, meeting):
    boards = [
        (meeting.board(0, {"1": 3500, "2": 2000, "10": None}), 3),
        (meeting.board(60, {"1": 3500, "2": 2500, "10": None}), 1),
        (meeting.board(120, {"1": 3500, "2": "SCR"}), 2),  # 10 is not shown any more
        (meeting.board(180, {"1": 3500, "2": "SCR"}), 0),
        (meeting.board(240, {"1": 3500, "2": "SCR", "10": 9000}), 1),
    ]
    with store.write() as connection:
        for item, stored in boards:
            assert meeting.put(connection, item).prices_stored == stored
        assert latest(connection) == {
            ("demo", "1"): (3500, "active", meeting.ms(0), meeting.ms(240)),
            ("demo", "2"): (None, "scratched", meeting.ms(120), meeting.ms(240)),
            ("demo", "10"): (9000, "active", meeting.ms(240), meeting.ms(240)),
        }


def test_a_price_that_is_gone_was_last_seen_before(store, meeting):
    with store.write() as connection:
        for seconds, prices in ((0, {"1": 3500}), (60, {"1": 3500}), (120, {}), (180, {})):
            meeting.put(connection, meeting.board(seconds, prices))
        assert latest(connection) == {("demo", "1"): (None, "missing", meeting.ms(120), meeting.ms(60))}


def test_status_alone_is_a_change(store, meeting):
    capped = (Price(label="1", market="win_tote", price=100_000, status="capped"),)
    exact = (Price(label="1", market="win_tote", price=100_000),)
    with store.write() as connection:
        meeting.put(connection, meeting.board(0, raw_prices=exact))
        assert meeting.put(connection, meeting.board(60, raw_prices=capped)).prices_stored == 1


def test_markets_are_kept_apart(store, meeting):
    both = (meeting.price("1", 3500), meeting.price("1", 4000, "win_fixed"))
    with store.write() as connection:
        board = meeting.put(connection, meeting.board(0, raw_prices=both))
        view = queries.board_view(connection, board.board_id)
        assert view.prices == {("win_tote", "1"): Shown(3500, "active"), ("win_fixed", "1"): Shown(4000, "active")}


def test_pools_do_not_make_price_rows(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.board(0, {"1": 3500}, pools={None: 900, "1": 400}))
        meeting.put(connection, meeting.board(60, {"1": 3500}, pools={None: 950, "1": 400}))
        assert count(connection, schema.price_change) == 1
        assert count(connection, schema.pool_change) == 2
        meeting.put(connection, meeting.board(120, {"1": 3500}, pools={"1": 400}))
        ids = queries.board_ids(connection, 1, 1)
        pools = [queries.board_view(connection, one).pools for one in ids]
    assert pools == [
        {"win": PoolView(900, "USD", {"1": 400})},
        {"win": PoolView(950, "USD", {"1": 400})},
        {"win": PoolView(None, "USD", {"1": 400})},
    ]


def test_an_empty_pool_is_zero_and_not_gone(store, meeting):
    with store.write() as connection:
        board = meeting.put(connection, meeting.board(0, {"1": None}, pools={None: 0, "1": 0}))
        assert queries.board_view(connection, board.board_id).pools == {"win": PoolView(0, "USD", {"1": 0})}


def test_grids_are_stored_whole_where_they_differ(store, meeting):
    cells = {("1", "2"): 1370, ("2", "1"): 990}
    boards = [
        meeting.board(0, exacta=cells),
        meeting.board(60, exacta=cells),
        meeting.board(120),  # says nothing about pairs
        meeting.board(180, exacta={("1", "2"): 1}, flags=frozenset({"no_pairs"})),
        meeting.board(240, exacta={("1", "2"): 1370}),  # a cell has gone
        meeting.board(300, grids=(meeting.grid(300, {("1", "2"): 1370}, base=100),)),
        meeting.board(360, grids=(meeting.grid(360, {("1", "2"): 1370}, base=100, currency="EUR"),)),
        meeting.board(420, grids=(meeting.grid(420, {("1", "2"): 500}, bet_type="quinella"),)),
    ]
    with store.write() as connection:
        for item in boards:
            meeting.put(connection, item)
        assert count(connection, schema.pair_grid) == 5
        seen = [queries.grid_at(connection, 1, 1, "exacta", meeting.ms(seconds)) for seconds in range(0, 480, 60)]
        quinella = queries.grid_at(connection, 1, 1, "quinella", meeting.ms(420))
        assert queries.grid_at(connection, 1, 1, "quinella", meeting.ms(419)) is None
    whole = GridView(200, "USD", meeting.ms(0), cells)
    one = {("1", "2"): 1370}
    assert seen[:4] == [whole] * 4
    assert seen[4:] == [
        GridView(200, "USD", meeting.ms(240), one),
        GridView(100, "USD", meeting.ms(300), one),
        *[GridView(100, "EUR", meeting.ms(360), one)] * 2,
    ]
    assert quinella == GridView(200, "USD", meeting.ms(420), {("1", "2"): 500})


def test_a_late_board_is_flagged_and_never_pending(store, meeting):
    with store.write() as connection:
        new = meeting.put(connection, meeting.board(60, {"1": 3500}, status="closed"))
        late = meeting.put(connection, meeting.board(0, {"1": 3000}, flags=frozenset({"suspect"})), now_ms=99)
        assert (late.late, late.prices_stored) == (True, 1)
        view = queries.board_view(connection, late.board_id)
        assert (view.flags, view.evaluated_at) == (frozenset({"late", "suspect"}), 99)
        assert queries.pending_board_ids(connection, late.race_id) == [new.board_id]
        assert latest(connection)["demo", "1"] == (3500, "active", meeting.ms(60), meeting.ms(60))
        assert connection.scalar(select(schema.race.c.status)) == "closed"
        assert meeting.put(connection, meeting.board(0, {"1": 3000})).late


def test_sources_are_separate_chains(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.board(60, {"1": 3500}))
        other = meeting.put(connection, meeting.board(0, {"1": 4000}, source=meeting.other, status="closed"))
        assert (other.late, other.prices_stored) == (False, 1)
        assert latest(connection) == {
            ("demo", "1"): (3500, "active", meeting.ms(60), meeting.ms(60)),
            ("other", "1"): (4000, "active", meeting.ms(0), meeting.ms(0)),
        }
        assert connection.scalar(select(schema.race.c.status)) == "open"
        assert [queries.board_view(connection, one).is_primary for one in (1, 2)] == [True, False]


def test_a_board_moves_the_race_and_its_entries_stay(store, meeting):
    with store.write() as connection:
        meeting.put(connection, meeting.card(status="open"), now_ms=1)
        entries = connection.execute(select(schema.entry)).all()
        meeting.put(connection, meeting.board(60, {"1": 3500, "2": "SCR"}, status="closed"), now_ms=2)
        race = connection.execute(select(schema.race)).one()
        assert (race.status, race.off_at, race.updated_at) == ("closed", meeting.ms(60), 2)
        assert meeting.changes(connection) == [(None, "status", "open", "closed")]
        assert connection.execute(select(schema.entry)).all() == entries


def test_a_board_of_an_unknown_race_makes_it(store, meeting):
    with store.write() as connection:
        board = meeting.put(connection, meeting.board(0, {"1": 3500}, race=7, minutes_to_post=4, mtp_text="4 MTP"))
        view = queries.board_view(connection, board.board_id)
        assert (view.race.race_number, view.race.post_time, view.minutes_to_post, view.runners) == (7, None, 4, ())
        assert meeting.changes(connection) == []
        meeting.put(connection, meeting.card(60, race=7))
        assert connection.scalar(select(schema.race_source.c.source_key)) == "R7"


def test_two_values_in_one_place_are_refused_whole(store, meeting):
    torn = (meeting.price("2", 2000), meeting.price("1", 3500), meeting.price("1", 4000))
    with pytest.raises(StoreError, match=r"demo 2026-05-02 R1: .*shown twice"), store.write() as connection:
        meeting.put(connection, meeting.board(0, raw_prices=torn))
    with store.read() as connection:
        assert not any(rows for name, rows in meeting.dump(connection).items() if name != "meta")


def test_a_refused_row_rolls_the_whole_board_back(store, meeting):
    unknown = (Price(label="1", market="win_tote", price=1, status="odd"),)
    with store.write() as connection:
        meeting.put(connection, meeting.board(0, {"1": 3500}))
        before = meeting.dump(connection)
    with (
        pytest.raises(StoreError, match="'odd' cannot be stored: one of active, capped"),
        store.write() as connection,
    ):
        meeting.put(connection, meeting.board(60, raw_prices=unknown, pools={None: 5}, exacta={("1", "2"): 5}))
    with store.read() as connection:
        assert meeting.dump(connection) == before


def test_a_grids_cap_is_read_back(store, meeting):
    grid = replace(meeting.grid(0, {("1", "2"): 9_999_990}), cap=9_999_990)
    with store.write() as connection:
        stored = meeting.put(connection, meeting.board(0, {"1": 2000}, grids=(grid,)))
        assert queries.board_view(connection, stored.board_id).grids["exacta"].cap == 9_999_990
        capped = connection.exec_driver_sql("SELECT capped, payout FROM exacta_probable").all()
        assert capped == [(1, 99_999.9)]


def test_a_yen_has_no_minor_unit_in_the_view(store, meeting):
    grid = meeting.grid(0, {("1", "2"): 3100}, base=100, currency="JPY")
    with store.write() as connection:
        meeting.put(connection, meeting.board(0, {"1": 2000}, grids=(grid,)))
        assert connection.exec_driver_sql("SELECT payout, base FROM exacta_probable").all() == [(3100.0, 100.0)]


@pytest.mark.parametrize(("every", "kept"), [(1, 6), (0, 0), (2, 3), (5, 2)])
def test_a_track_keeps_the_pairs_of_every_nth_board(store, meeting, every, kept):
    track = meeting.track.model_copy(update={"pair_prices": every})
    boards = [meeting.board(60 * n, {"1": 2000 + n}, exacta={("1", "2"): 500 + n}) for n in range(6)]
    with store.write() as connection:
        for item in boards:
            stored = writer.store_board(connection, item, track, run_id=None, now_ms=0)
        assert count(connection, schema.pair_grid) == kept
        assert count(connection, schema.board) == 6
        newest = queries.board_view(connection, stored.board_id).grids
        assert {name: view.payouts for name, view in newest.items()} == (
            {"exacta": {("1", "2"): 500 + (5 - 5 % every)}} if every else {}
        )
