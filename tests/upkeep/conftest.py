import argparse
import shutil
from contextlib import closing

import pytest
import stored_sample as sample

from horses_scrapy.clock import Clock
from horses_scrapy.storage.engine import open_store


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory):
    """A database with a small day, made once."""
    with closing(open_store(sample.settings_in(tmp_path_factory.mktemp("filled")), Clock())) as store:
        with store.write() as connection:
            sample.fill(connection)
        return store.path


@pytest.fixture
def home(filled_file, tmp_path):
    """An installation with a small day."""
    (tmp_path / "data").mkdir()
    shutil.copy(filled_file, tmp_path / "data" / "horses.db")
    return tmp_path


@pytest.fixture
def settings(home):
    return sample.settings_in(home)


@pytest.fixture
def database(settings):
    return settings.database_path


@pytest.fixture
def run(settings, capsys):
    """A verb as scripts/db.py runs it: its exit code, and what it prints."""

    def run(verb, *words, settings=settings):
        parser = argparse.ArgumentParser()
        verb.describe(parser)
        code = verb.run(settings, parser.parse_args([str(word) for word in words]))
        return code, capsys.readouterr().out

    return run


@pytest.fixture(params=["sqlite", "postgres"])
def any_settings(request, tmp_path):
    """Of an installation with a small day, in a database of each kind."""
    if request.param == "sqlite":
        return request.getfixturevalue("settings")
    made = sample.settings_in(tmp_path, database_url=request.getfixturevalue("postgres_url"))
    with closing(open_store(made, Clock())) as store, store.write() as connection:
        sample.fill(connection)
    return made
