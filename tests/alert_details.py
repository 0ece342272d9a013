"""Details of an alert as the rules would write them, for tests of what is made of them."""

from email import message_from_string, policy
from email.message import EmailMessage

from alerts.compose import compose
from alerts.message import Composed, Told
from alerts.wording.detail import Detail

SEEN = 1_777_755_360_000
"""16:56:00 in New York, four minutes before the post."""
PLAIN = {
    "track_key": "gulf", "track_code": "GP", "track_name": "Gulf Downs", "timezone": "America/New_York",
    "race_date": "2026-05-02", "race_number": 7, "post_time": SEEN + 240_000,
    "url": "https://track.example/7?a=1&b=2", "source": "demo", "rule": "short", "kind": "win_odds_below",
    "severity": "watch", "event": "fired", "what": "#5", "who": "Dancer", "move": "6-1 -> 3-1",
    "condition": "below 7-2", "minutes": 4, "pool": "5,000.00 USD (win)", "points": "14.3 -> 25.0 (+10.7)",
    "notes": (), "basis": "display", "notation": "board", "path": (), "expected": None, "fetched_at": SEEN,
    "source_time": SEEN - 12_000,
}  # fmt: skip


def detail(**fields) -> Detail:
    return Detail(**(PLAIN | fields))


def path(*prices: int, every: int = 60) -> tuple[tuple[int, int], ...]:
    """One board each so many seconds, the last at the alert."""
    return tuple((SEEN - (len(prices) - 1 - number) * every * 1000, price) for number, price in enumerate(prices))


def composed(*details: Detail, recipient: str = "you@example.com", late: int = 1000) -> Composed:
    """A mail, `late` milliseconds after the board was read."""
    alerts = [Told(f"key{number}", each) for number, each in enumerate(details)]
    return compose(alerts, sender="from@example.com", recipient=recipient, now_ms=SEEN + late)


def parsed(made: Composed) -> EmailMessage:
    return message_from_string(made.wire, EmailMessage, policy=policy.default)


def body(made: Composed, kind: str = "plain") -> str:
    part = parsed(made).get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")
