import pytest
from alert_details import detail
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.mail.subject import short, subject_of
from alerts.safe_header import SUBJECT_CAP, clean

DECIMAL = {"track_code": "AWA", "race_number": 1, "what": "#4", "notation": "decimal", "basis": "pool"}


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        (DECIMAL | {"move": "6.00 -> 3.00"}, "AWA R1 #4 6.0->3.0 (4 MTP)"),
        ({}, "GP R7 #5 6-1->3-1 (4 MTP)"),
        ({"minutes": None}, "GP R7 #5 6-1->3-1"),
        ({"minutes": 0, "move": "99+"}, "GP R7 #5 99+ (0 MTP)"),
        ({"event": "resolved", "move": "3-1 -> 5-1"}, "GP R7 #5 over: 3-1->5-1 (4 MTP)"),
        ({"move": "scratched", "basis": None, "notation": None}, "GP R7 #5 scratched (4 MTP)"),
        ({"race_number": None, "minutes": None, "what": "crawls", "move": "blocked"}, "GP crawls blocked"),
    ],
)
def test_subject(fields, subject):
    assert subject_of([detail(**fields)]) == subject
    assert subject_of([detail(**fields)] * 3) == f"{subject} and 2 more"


@pytest.mark.parametrize(
    ("move", "shown"),
    [
        ("6.00 -> 3.00", "6.0 -> 3.0"),
        ("3.50", "3.5"),
        ("2.25 -> 2.05", "2.25 -> 2.05"),
        ("3.505 -> 10.10", "3.505 -> 10.1"),
        ("100.00+", "100.0+"),
        ("12.00 USD -> 8.00", "12.00 USD -> 8.00"),
        ("#5.00", "#5.00"),
        ("1,200.00", "1,200.00"),
        ("scratched", "scratched"),
    ],
)
def test_only_prices_lose_digits(move, shown):
    assert short(detail(move=move, notation="decimal", basis="pool")) == shown


@pytest.mark.parametrize("fields", [{"notation": "board", "basis": "display"}, {"notation": "decimal", "basis": None}])
def test_money_and_boards_keep_theirs(fields):
    assert short(detail(move="6.00 -> 3.00", **fields)) == "6.00 -> 3.00"


@given(st.integers(1, 200), st.text(max_size=200), st.none() | st.integers(0, 1440))
@settings(max_examples=100)
def test_a_subject_is_short_and_keeps_its_ending(count, text, minutes):
    subject = subject_of([detail(move=clean(text, 300), minutes=minutes)] * count)
    assert len(subject) <= SUBJECT_CAP
    assert subject.startswith("GP R7 #5")
    ending = ("" if minutes is None else f" ({minutes} MTP)") + ("" if count == 1 else f" and {count - 1} more")
    assert subject.endswith(ending)
