from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.mail.wire import Picture, to_wire
from alerts.safe_header import UnsafeMail

HEAD = {"From": "a@example.com", "Subject": "Tūī Song and 馬"}
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.just("\n"), max_size=300)


def test_every_part_comes_back():
    png = bytes(range(256)) * 9
    wire = to_wire(HEAD, "plain é\n.\n..x\nFrom me \n", "<p>é</p>\n", [Picture("one@x", png), Picture("two@x", b"")])
    message = message_from_bytes(wire, policy=policy.default)
    assert message["Subject"] == HEAD["Subject"]
    assert message.get_body(("plain",)).get_content() == "plain é\r\n.\r\n..x\r\nFrom me \r\n"
    assert message.get_body(("html",)).get_content() == "<p>é</p>\r\n"
    parts = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [(part["Content-ID"], part.get_content()) for part in parts] == [("<one@x>", png), ("<two@x>", b"")]
    assert not any(part.defects for part in message.walk())


@given(texts, texts)
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_in_seven_bit_lines(plain, html):
    wire = to_wire(HEAD, plain, html)
    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    message = message_from_bytes(wire, policy=policy.default)
    assert message.get_body(("plain",)).get_content().splitlines() == (plain.splitlines() or [""])
    assert message.get_body(("html",)).get_content().splitlines() == (html.splitlines() or [""])
    assert not any(part.defects for part in message.walk())


def test_a_long_name_is_folded():
    wire = to_wire(HEAD | {"Subject": "Söhne " * 60}, "x")
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    assert message_from_bytes(wire, policy=policy.default)["Subject"] == "Söhne " * 60


@pytest.mark.parametrize("value", ["a\r\nBcc: b@c.d", "a\nBcc: b", "=?utf-8?q?x=0ABcc:_evil=40x.test?="])
def test_a_header_that_would_make_another_is_refused(value):
    try:
        wire = to_wire({"Subject": value}, "x")
    except (UnsafeMail, ValueError):
        return
    assert "Bcc" not in message_from_bytes(wire)
