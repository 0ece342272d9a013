"""For any changes on any boards: what the boards that stay show is the same afterwards, in as few rows as can be."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from horses_scrapy.storage.upkeep.folding import fold


@st.composite
def histories(draw):
    """Values of the boards 0..n where they changed, and the boards that go; the last one stays."""
    count = draw(st.integers(1, 8))
    changed = draw(st.dictionaries(st.integers(0, count - 1), st.sampled_from("abc"), min_size=1))
    minimal, before = {}, None
    for board in sorted(changed):
        if changed[board] != before:
            minimal[board] = before = changed[board]
    return count, minimal, draw(st.sets(st.integers(0, count - 2))) if count > 1 else set()


def shown(rows, board):
    """What the newest row until the board says."""
    return next((rows[at] for at in range(board, -1, -1) if at in rows), None)


@given(histories())
def test_what_stays_shows_what_it_showed(case):
    count, rows, doomed = case
    folded = fold(range(count), doomed, rows)
    after = {board: value for board, value in rows.items() if board not in folded.removed} | dict(folded.added)
    stays = [board for board in range(count) if board not in doomed]
    assert doomed.isdisjoint(after)
    assert [shown(after, board) for board in stays] == [shown(rows, board) for board in stays]
    values = [after[board] for board in sorted(after)]
    assert all(one != another for one, another in pairwise(values)), "each row says something new"
    assert folded.newest == (max(rows), max(after))
    assert set(folded.removed) <= set(rows)
    assert set(dict(folded.added)).isdisjoint(rows)
