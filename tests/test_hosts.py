import pytest

from horses_scrapy.hosts import is_local, origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://x.test", "https://x.test:443/odds?a=1", True),
        ("http://x.test:80", "http://X.TEST/", True),
        ("https://x.test", "http://x.test", False),
        ("https://x.test", "https://x.test:8443", False),
        ("https://x.test", "https://www.x.test", False),
        ("https://x.test", "https://x.test@evil.test/", False),
        ("https://x.test", "https://x.test.evil.test/", False),
        ("http://127.0.0.1:1", "http://127.0.0.2:1", False),
        ("http://127.0.0.1:1", "http://localhost:1", False),
        ("http://[::1]:1", "http://[::1]:1/x", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


@pytest.mark.parametrize("host", ["localhost", "tote.localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["", "x.test", "localhost.x.test", "10.0.0.1", "192.168.1.5", "0.0.0.0", "127.0.0.1.x.test", "2130706433"]
)
def test_everything_else_is_public(host: str) -> None:
    assert not is_local(host)
