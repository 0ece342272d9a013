"""The scrapyd client: what it sends, and what it makes of every kind of answer."""

import base64
from urllib.parse import parse_qs

import pytest

from horses_scrapy.errors import ScrapydError
from horses_scrapy.health import Jobs, ScrapydClient, ScrapydDown, ScrapydRefused

JOBS = """{"status": "ok",
 "pending": [{"id": "p1", "project": "horses", "spider": "track_aqu", "version": null, "settings": {}, "args": {}}],
 "running": [{"id": "r1", "project": "horses", "spider": "track_gp", "pid": 7, "start_time": "2026-05-02 10:00:00.1"}],
 "finished": [{"id": "f1", "project": "horses", "spider": "track_aqu", "start_time": "x", "end_time": "y"}]}"""


def test_a_job_is_scheduled_with_its_id_priority_and_arguments(server, client):
    client.schedule("track_aqu", "aqu-near-20260502t225700z", -61.5, {"race": "3,4", "give_up_at": "5"})
    method, path, headers, body = server.seen[0]
    assert (method, path) == ("POST", "/schedule.json")
    assert {name: values[0] for name, values in parse_qs(body).items()} == {
        "project": "horses", "spider": "track_aqu", "jobid": "aqu-near-20260502t225700z", "priority": "-61.500",
        "race": "3,4", "give_up_at": "5",
    }  # fmt: skip
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"horses:correct-horse"


def test_an_argument_cannot_change_the_job(server, client):
    client.schedule("track_aqu", "j", 0, {"project": "other", "spider": "evil", "jobid": "x"})
    told = parse_qs(server.seen[0][3])
    assert (told["project"], told["spider"], told["jobid"]) == (["horses"], ["track_aqu"], ["j"])


def test_jobs_are_read(server, client):
    server.answer = (200, JOBS)
    jobs = client.listjobs()
    assert jobs == Jobs({"p1": "track_aqu"}, {"r1": "track_gp"}, {"f1": "track_aqu"})
    assert [jobs.knows(job) for job in ("p1", "r1", "f1", "x")] == [True, True, True, False]
    assert jobs.active_spiders == {"track_aqu", "track_gp"}
    assert server.seen[0][1] == "/listjobs.json?project=horses"


def test_cancelling_asks_and_killing_kills(server, client):
    server.answer = (200, '{"status": "ok", "prevstate": "running"}')
    assert client.cancel("j") == "running"
    client.cancel("j", kill=True)
    assert [parse_qs(body).get("signal") for *_, body in server.seen] == [None, ["KILL"]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, '{"status": "error", "message": "spider \'x\' not found"}'), "only after scrapyd restarts"),
        ((200, '{"status": "error", "message": "project \'x\' not found"}'), "project 'x' not found"),
        ((200, '{"status": "error"}'), "HTTP 200: None"),
        ((401, "Unauthorized"), "set the same SCRAPYD_PASSWORD"),
        ((200, "<html>it works</html>"), "is this scrapyd?"),
        ((200, "[1]"), "HTTP 200: [1]"),
        ((200, "{}"), "HTTP 200"),
        ((200, ""), "without JSON"),
        ((302, ""), "HTTP 302 without JSON"),
        ((500, '{"status": "error", "message": "boom"}'), "HTTP 500: boom"),
        ((200, '{"status": "ok"}'), "an answer without 'pending'"),
        ((200, '{"status": "ok", "pending": [{}], "running": [], "finished": []}'), "an answer without 'id'"),
        ((200, '{"status": "ok", "pending": 3, "running": [], "finished": []}'), "an answer without"),
    ],
)
def test_every_other_answer_is_refused_by_name(server, client, answer, said):
    server.answer = answer
    with pytest.raises(ScrapydRefused) as refused:
        client.listjobs()
    assert said in str(refused.value)
    assert server.url in str(refused.value)
    assert "listjobs.json" in str(refused.value)
    assert "correct-horse" not in str(refused.value)


def test_a_long_message_is_told_by_its_end(server, client):
    server.answer = (200, '{"status": "error", "message": "' + "x" * 9000 + ' ImportError: no tiny"}')
    with pytest.raises(ScrapydRefused, match="ImportError: no tiny") as refused:
        client.listspiders()
    assert len(str(refused.value)) < 700


def test_nobody_there_is_down(server):
    server.server_close()
    with pytest.raises(ScrapydDown, match="no connection") as down:
        ScrapydClient(server.url, "horses", "correct-horse", "horses", 5).daemonstatus()
    assert "correct-horse" not in str(down.value)
    assert isinstance(down.value, ScrapydError)


def test_silence_is_down(server):
    server.answer = None
    with pytest.raises(ScrapydDown, match="no answer in time"):
        ScrapydClient(server.url, "horses", "x", "horses", 0.2).daemonstatus()


def test_an_answer_that_breaks_off_is_down(server, client):
    server.answer = (200, "")
    server.RequestHandlerClass = type("Cut", (server.RequestHandlerClass,), {"do_GET": _cut})
    with pytest.raises(ScrapydDown):
        client.daemonstatus()


def _cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.close_connection = True


@pytest.mark.parametrize(("status", "is_open"), [(401, False), (200, True), (500, True)])
def test_whether_it_answers_without_a_password(server, client, status, is_open):
    server.answer = (status, '{"status": "ok"}')
    assert client.is_open() == is_open
    assert "Authorization" not in server.seen[0][2]


def test_neither_a_proxy_nor_a_netrc_gets_between(server, monkeypatch, tmp_path):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    ScrapydClient(server.url, "horses", "", "horses", 5).daemonstatus()
    assert "Authorization" not in server.seen[0][2]
