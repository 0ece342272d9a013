"""The PostgreSQL that tests share: started by the first test that asks for one, ended with the run."""

import os

import postgres_server
import pytest
from postgres_server import Databases, NoServerError


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres_server.announce()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres_server.end()


@pytest.fixture(scope="session")
def postgres() -> Databases:
    """Skips where there is no server; in CI that is a failure."""
    try:
        return Databases(postgres_server.running())
    except NoServerError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{error}: required in CI", pytrace=False)
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres):
    """Of a database with our tables and nothing in them."""
    with postgres.borrowed() as url:
        yield url


@pytest.fixture
def blank_postgres_url(postgres):
    """Of a database without tables."""
    with postgres.own(blank=True) as url:
        yield url
