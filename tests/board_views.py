"""Boards as rules read them, by hand and without a database."""

from horses_scrapy.items import Source
from horses_scrapy.storage.board_view import BoardView, GridView, PoolView, RaceView, RunnerView, Shown

START = 1_777_752_000_000
MINUTE = 60_000
RACE = RaceView(
    race_id=1, track_key="gulf", track_code="GP", track_name="Gulf Downs", timezone="America/New_York",
    race_date="2026-05-02", race_number=1, post_time=START + 60 * MINUTE, url="https://track.example/race/1",
)  # fmt: skip


def runner(number, **fields):
    told = {
        "entry_id": int(number.rstrip("ABX")), "program_number": number, "label": number.rstrip("ABX"),
        "horse": f"Horse {number}", "status": "active", "jockey": None, "trainer": None, "morning_line": None,
    }  # fmt: skip
    return RunnerView(**{**told, **fields})


def view(
    minute=50, prices=None, *, amounts=None, pool=500_000, pairs=None, grid=None, basis="display", out=(), **fields
):
    """prices: label -> profit per 1, "SCR", "99+" or None; amounts: label -> cents in the win pool; pairs: "1-2" -> cents for 2.

    grid: fields of the GridView. out: labels scratched on the card, which has all the labels that anything names.
    """
    shown = {("win_tote", label): _shown(one) for label, one in (prices or {}).items()}
    cells = {tuple(pair.split("-")): paid for pair, paid in (pairs or {}).items()}
    named = sorted(
        {label for _, label in shown} | set(amounts or {}) | {label for pair in cells for label in pair}, key=int
    )
    told = {
        "board_id": round(minute * 10) + 1, "race": RACE, "source": Source("demo", "board", basis), "is_primary": True,
        "fetched_at": START + round(minute * MINUTE), "source_time": None, "status": "open", "minutes_to_post": None,
        "flags": frozenset(), "evaluated_at": None, "prices": shown,
        "runners": tuple(runner(label, status="scratched" if label in out else "active") for label in named),
        "pools": {"win": PoolView(pool, "USD", amounts or {}), "exacta": PoolView(pool, "USD", {})},
    }  # fmt: skip
    made = {"base": 200, "currency": "USD", "fetched_at": told["fetched_at"], "payouts": cells, **(grid or {})}
    told["grids"] = {} if pairs is None else {"exacta": GridView(**made)}
    return BoardView(**{**told, **fields})


def _shown(one):
    if one == "SCR":
        return Shown(None, "scratched")
    if one == "99+":
        return Shown(100_000, "capped")
    return Shown(None if one is None else round((one + 1) * 1000), "active")
