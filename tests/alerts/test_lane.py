"""One sender for each server: what stops it, what it leaves alone, and how soon all is out when the server is back."""

import random
import threading
from dataclasses import dataclass, field

import pytest
from mail_queue import fill

from alerts.breaker import Breaker
from alerts.channels.mail import MailChannel
from alerts.lane import BATCH, Lane
from alerts.mailer import Mailer
from alerts.outbox import Outbox
from alerts.outcome import ACCEPTED, Outcome
from alerts.rules.policy import Delivery
from horses_scrapy.clock import to_ms
from horses_scrapy.errors import StoreError
from horses_scrapy.storage.outbox_rows import EVERYBODY, Whose

DOWN = Outcome("transient-server", None, "down")
REFUSED = Outcome("config-error", 535, "no")
DOUBT = Outcome("in-doubt", None, "dropped")
LATER = Outcome("transient-message", 451, "later")
YOU = "you@example.com"


@dataclass
class Fake:
    """A channel in memory. answers: recipient -> outcome, accepted where it says nothing; `offered` are the wires."""

    name: str = "mail"
    lanes: tuple[Whose, ...] = (EVERYBODY,)
    where: str = "here"
    answers: dict[str, Outcome] = field(default_factory=dict)
    offered: list[str] = field(default_factory=list)
    sessions: int = 0
    on_send: object = None

    def session(self):
        return self

    def __enter__(self):
        self.opened = False
        return self

    def __exit__(self, *_):
        pass

    def send(self, recipient, wire):
        self.sessions += not self.opened
        self.opened = True
        if self.on_send is not None:
            self.on_send(recipient, wire)
        self.offered.append(wire.partition("\r\n")[0])
        return self.answers.get(recipient, ACCEPTED)

    def title(self, wire):
        return wire.partition("\r\n")[0]


@pytest.fixture
def queue(meeting, clock):
    """Puts messages into the outbox of a meeting: those numbered, to someone."""

    def put(numbers, recipient=YOU, **fields):
        soon = to_ms(meeting.at(45))
        fill(meeting.store, numbers, at_ms=clock.now_ms(), expires_at=soon, recipient=recipient, **fields)

    return put


@pytest.fixture
def lane(meeting, clock):
    """Makes lanes whose breaker goes by the meeting's clock."""

    def make(channel, whose=EVERYBODY):
        made = Lane(channel, whose, Outbox(meeting.store, clock, Delivery(), {}), clock, random.Random(1))
        made.breaker = Breaker(now=lambda: clock.now_ms() / 1000)
        return made

    return make


def flush(lane):
    return lane.flush(threading.Event())


def states(meeting):
    return [row["state"] for row in meeting.rows("notification")]


def later(meeting, clock, seconds):
    clock.put(meeting.at((clock.now_ms() - to_ms(meeting.start)) / 60_000 + seconds / 60))


def test_all_of_a_long_queue_goes_over_one_connection(queue, lane, meeting):
    queue(range(BATCH * 2 + 3))
    channel = Fake()
    assert flush(lane(channel)).sent == BATCH * 2 + 3
    assert channel.offered == [f"Subject: mail {n}" for n in range(BATCH * 2 + 3)]
    assert channel.sessions == 1
    assert set(states(meeting)) == {"sent"}


@pytest.mark.parametrize(("outcome", "pause"), [(DOWN, 5), (REFUSED, 300), (DOUBT, 1)])
def test_how_long_a_server_is_left_alone(queue, lane, meeting, clock, outcome, pause):
    queue(range(3))
    channel = Fake(answers={YOU: outcome})
    one = lane(channel)
    flush(one)
    assert len(channel.offered) == 1
    later(meeting, clock, pause - 0.1)
    flush(one)
    assert len(channel.offered) == 1
    later(meeting, clock, 0.1)
    channel.answers = {}
    flush(one)
    assert set(states(meeting)[1:]) == {"sent"}  # the first has a wait of its own after a doubt


def test_one_message_probes_a_server_that_is_down_and_the_rest_keep_their_places(queue, lane, meeting, clock):
    queue(range(4))
    channel = Fake(answers={YOU: DOWN})
    one = lane(channel)
    began = clock.now_ms()
    for probe in range(1, 8):
        report = flush(one)
        assert (len(report.stopped), len(channel.offered)) == (1, probe)
        later(meeting, clock, 5)
    rows = meeting.rows("notification")
    assert {(row["state"], row["attempts"], row["next_at"]) for row in rows} == {("pending", 0, began)}
    channel.answers = {}
    assert flush(one).sent == 4


def test_a_recipient_whom_the_server_cannot_bear_keeps_up_nobody_for_long(queue, lane, meeting, clock):
    queue([0], "poison@example.com")
    queue(range(1, 60))
    channel = Fake(answers={"poison@example.com": DOWN})
    one = lane(channel)
    assert flush(one).sent == 0
    later(meeting, clock, 5)
    assert flush(one).sent == 59
    assert one.breaker.closed is False
    assert channel.offered[-1] == "Subject: mail 0"
    assert [row["attempts"] for row in meeting.rows("notification")] == [0] + [1] * 59


def test_what_was_leased_and_not_offered_is_given_back(queue, lane, meeting):
    queue(range(3))
    stop = threading.Event()
    channel = Fake(on_send=lambda *_: stop.set())
    assert lane(channel).flush(stop).sent == 1
    assert [(row["state"], row["attempts"]) for row in meeting.rows("notification")] == [
        ("sent", 1), ("pending", 0), ("pending", 0),
    ]  # fmt: skip


def test_an_answer_that_the_database_did_not_take_is_written_later_and_the_message_not_sent_again(queue, lane, meeting):
    queue(range(3))
    channel = Fake()
    one = lane(channel)
    record = one._outbox.record

    def full(*_):
        raise StoreError("disk full")

    one._outbox.record = full
    with pytest.raises(StoreError):
        flush(one)
    assert states(meeting) == ["leased", "leased", "leased"]
    one._outbox.record = record
    assert flush(one).sent == 2
    assert channel.offered == ["Subject: mail 0", "Subject: mail 1", "Subject: mail 2"]
    assert states(meeting) == ["sent", "sent", "sent"]


def test_a_lane_takes_its_own_messages_only(queue, lane, meeting):
    queue([1], "chat", channel="apprise")
    queue([2], "pager", channel="apprise")
    queue([3], "gone", channel="apprise")
    channel = Fake(name="apprise")
    assert flush(lane(channel, Whose(only="pager"))).sent == 1
    assert flush(lane(channel, Whose(but=("pager", "chat")))).sent == 1
    assert channel.offered == ["Subject: mail 2", "Subject: mail 3"]


def test_a_channel_that_hangs_keeps_up_no_other(queue, meeting, clock):
    queue([1], "chat", channel="apprise")
    queue(range(2, 30))
    mail_out, over = threading.Event(), threading.Event()
    stuck = Fake(name="apprise", on_send=lambda *_: mail_out.wait(60))
    mail = Fake(on_send=lambda _, wire: mail_out.set() if "mail 29" in wire else None)
    channels = {"apprise": stuck, "mail": mail}
    report = Mailer(Outbox(meeting.store, clock, Delivery(), channels), channels, clock).flush(over)
    assert mail_out.is_set()  # all mail went out while the other still hung
    assert report.sent == 29


def test_a_sender_that_breaks_ends_the_mailer(queue, meeting, clock):
    queue([1])

    def burst(*_):
        raise ZeroDivisionError

    channels = {"mail": Fake(on_send=burst), "apprise": Fake(name="apprise")}
    with pytest.raises(ZeroDivisionError):
        Mailer(Outbox(meeting.store, clock, Delivery(), channels), channels, clock).run(threading.Event())


def test_a_server_down_for_ten_minutes(queue, lane, meeting, clock, scripted, smtp, caplog):
    """T19: 120 messages, 20 of them of a race that goes off meanwhile; simulated seconds."""
    caplog.set_level("INFO")
    meeting.card(0, race=1)
    meeting.card(0, race=2)
    queue(range(100), race_id=meeting.races[1])
    queue(range(100, 120), race_id=meeting.races[2])
    port = down(scripted)
    one = lane(MailChannel(smtp(port)))
    tries = []
    for second in range(600):
        if flush(one).stopped:
            tries.append(second)
        later(meeting, clock, 1)
    meeting.card(10, race=2, status="closed")
    assert tries == list(range(0, 600, 5))
    assert {(row["state"], row["attempts"]) for row in meeting.rows("notification")} == {("pending", 0)}
    server = scripted()
    one._channel._smtp = smtp(server.port)
    out = [0, 0, 0]  # sent, expired, seconds after the return
    while out[0] + out[1] < 120:
        report = flush(one)
        out = [out[0] + report.sent, out[1] + report.expired, out[2] + 1]
        later(meeting, clock, 1)
    assert out[:2] == [100, 20]
    assert out[2] <= 6
    assert (len(server.taken), server.connections) == (100, 1)
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(" takes ")[2][:10] for text in told if " takes " in text] == ["no message", "messages a"]


def down(scripted) -> int:
    """A port at which nobody listens."""
    server = scripted()
    server.close()
    return server.port


def test_a_server_that_drops_every_line_sees_one_connection_a_second(queue, lane, meeting, clock, scripted, smtp):
    queue(range(40))
    server = scripted({"DOT": "drop"})
    one = lane(MailChannel(smtp(server.port)))
    for tenth in range(100):
        flush(one)
        later(meeting, clock, 0.1)
        assert server.connections <= tenth // 10 + 1
    assert server.connections == 10


def test_after_an_outage_the_poison_that_leads_the_queue_keeps_up_nobody(queue, lane, meeting, clock):
    queue([0], "poison@example.com")
    queue(range(1, BATCH + 1))
    channel = Fake(answers={"poison@example.com": DOWN, YOU: DOWN})
    one = lane(channel)
    for _ in range(BATCH * 3 + 2):  # every message was probed, some thrice, the poison last of all
        flush(one)
        later(meeting, clock, 5)
    channel.answers.pop(YOU)
    sent = []
    for _ in range(3):
        sent.append(flush(one).sent)
        later(meeting, clock, 5)
    assert sum(sent) == BATCH
