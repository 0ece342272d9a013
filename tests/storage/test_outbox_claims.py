"""Several mailers lease from one outbox: each message is leased by one of them."""

import subprocess
import sys
from collections import Counter

import pytest
from mail_queue import fill

from horses_scrapy.storage import attempts, outbox_rows

MAILER = """
import sys
from pathlib import Path
from horses_scrapy.storage import attempts, outbox_rows
from horses_scrapy.storage.address import address_at
from horses_scrapy.storage.engine import Store

store = Store(address_at(sys.argv[1], Path("/")))
new = outbox_rows.Lease(owner=sys.argv[2], until=180_000, at=1, mono=1)
print("ready", flush=True)
sys.stdin.readline()
while True:
    with store.read() as connection:
        due = attempts.due(connection, "mail", 1, limit=25)
    if not due:
        break
    with store.write(beside=True) as connection:
        for leased in attempts.lease(connection, [each.notification_id for each in due], new):
            print(leased)
store.close()
"""


def url_of(store):
    if store.path is not None:
        return f"sqlite:///{store.path}"
    return store.address.url.render_as_string(hide_password=False)


def mailers(store, count):
    """What each of them leased; they begin together."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAILER, url_of(store), f"mailer {number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(count)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=60)[0].split() for process in started]
    assert [process.returncode for process in started] == [0] * count
    return found


def check(store, count, messages):
    fill(store, range(messages), at_ms=0, expires_at=None)
    found = mailers(store, count)
    times = Counter(number for one in found for number in one)
    assert len(times) == messages
    assert set(times.values()) == {1}
    with store.read() as connection:
        assert attempts.due(connection, "mail", 1) == []
        assert attempts.unsent(connection) == messages
    return found


def test_two_mailers_never_lease_the_same_message(store):
    check(store, 2, 200)


@pytest.mark.slow
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_four_mailers_share_two_thousand_messages(store):
    found = check(store, 4, 2000)
    assert min(map(len, found)) > 0


def test_whose_lease_ran_out_is_free_again_and_whose_did_not_is_not(store):
    """In a file all leases are of this machine, whose only mailer asks; on a server others may still be at work."""
    fill(store, range(2), at_ms=0, expires_at=None)
    with store.write() as connection:
        attempts.lease(connection, [1], outbox_rows.Lease(owner="dead", until=100, at=1, mono=1))
        attempts.lease(connection, [2], outbox_rows.Lease(owner="alive", until=300, at=1, mono=1))
    with store.write() as connection:
        assert attempts.free_orphans(connection, 200) == (1 if store.path is None else 2)
        assert attempts.due(connection, "mail", 200, limit=1)[0].notification_id == 1


def test_what_another_offers_does_not_expire_under_its_hands(store):
    fill(store, range(2), at_ms=0, expires_at=None)
    with store.write() as connection:
        attempts.lease(connection, [1], outbox_rows.Lease(owner="me", until=100, at=1, mono=1))
        for number in (1, 2):
            attempts.given_up(connection, number, state="expired", code=None, reason="late", at_ms=5)
        attempts.accepted(connection, 1, 6, 6, 250)
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT state FROM notification ORDER BY notification_id")
        assert list(rows.scalars()) == ["sent", "expired"]
        assert list(connection.exec_driver_sql("SELECT sent FROM alert ORDER BY alert_id").scalars()) == [1, 0]
