"""Several scrapyds as one, whichever of them answers."""

import time
from contextlib import ExitStack

import pytest

from horses_scrapy.health import ScrapydClient, ScrapydDown, ScrapydRefused
from horses_scrapy.health.nodes import Node, Nodes

OK = '{"status": "ok"}'
LIST = '{{"status": "ok", "pending": [{{"id": "p", "spider": "x"}}], "running": [{{"id": "{0}", "spider": "{0}"}}], "finished": []}}'


@pytest.fixture
def now():
    return [0]


@pytest.fixture
def nodes(serve, now):
    """Two that answer, each with a job of its own."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serve()) for _ in range(2)]
        for number, server in enumerate(servers):
            server.answer = (200, LIST.format(f"r{number}"))
        clients = [ScrapydClient(server.url, "horses", "x", "horses", 0.2) for server in servers]
        yield Nodes([Node(client, now=lambda: now[0]) for client in clients]), servers


def test_jobs_are_those_of_all(nodes):
    both, _ = nodes
    jobs = both.listjobs()
    assert (set(jobs.pending), set(jobs.running)) == ({"p"}, {"r0", "r1"})


def test_a_job_goes_to_the_first_that_answers(nodes, caplog):
    both, (first, second) = nodes
    both.schedule("track_aqu", "j", 0, {})
    first.answer = None
    both.schedule("track_aqu", "k", 0, {})
    assert [len([1 for seen in server.seen if seen[0] == "POST"]) for server in (first, second)] == [2, 1]
    assert set(both.listjobs().running) == {"r1"}


def test_a_node_that_hangs_is_left_alone_longer_and_longer(nodes, now, caplog):
    caplog.set_level("INFO")
    both, (first, _) = nodes
    first.answer = None
    asked = []
    for now[0] in range(0, 70_001, 500):
        before = len(first.seen)
        both.listjobs()
        asked += [now[0]] * (len(first.seen) - before)
    assert asked == [0, 1000, 3000, 7000, 15_000, 31_000, 61_000]
    first.answer = (200, LIST.format("r0"))
    now[0] += 30_000
    assert set(both.listjobs().running) == {"r0", "r1"}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "told once"


def test_what_is_left_alone_costs_no_time(nodes):
    both, servers = nodes
    for server in servers:
        server.answer = None
    with pytest.raises(ScrapydDown):
        both.listjobs()
    began = time.monotonic()
    with pytest.raises(ScrapydDown, match=r"no answer in time.*; .*no answer in time"):
        both.schedule("track_aqu", "j", 0, {})
    assert time.monotonic() - began < 0.1


def test_a_node_that_refuses_what_the_others_answer_is_left_alone(nodes, caplog):
    both, (first, _) = nodes
    first.answer = (401, "no")
    assert set(both.listjobs().running) == {"r1"}
    both.listjobs()
    assert len(first.seen) == 1
    assert "its password is not ours" in caplog.text


def test_a_job_that_every_node_refuses_is_refused(nodes):
    both, servers = nodes
    for server in servers:
        server.answer = (200, '{"status": "error", "message": "spider x not found"}')
    with pytest.raises(ScrapydRefused, match="not found"):
        both.schedule("x", "j", 0, {})


def test_whoever_runs_a_job_is_found_to_cancel_it(nodes):
    both, (first, second) = nodes
    first.answer, second.answer = (
        (200, '{"status": "ok", "prevstate": null}'),
        (200, '{"status": "ok", "prevstate": "running"}'),
    )
    assert both.cancel("j") == "running"
    assert [len(server.seen) for server in (first, second)] == [1, 1]


def test_one_node_that_refuses_is_asked_each_time(serve):
    with serve() as server:
        alone = Nodes([Node(ScrapydClient(server.url, "horses", "x", "horses", 5))])
        server.answer = (401, "no")
        for _ in range(3):
            with pytest.raises(ScrapydRefused, match="its password is not ours"):
                alone.listjobs()
        assert len(server.seen) == 3
