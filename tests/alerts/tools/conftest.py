import pytest

from horses_scrapy.config import Settings
from horses_scrapy.config.model import Smtp
from horses_scrapy.config.tracks import SourceConfig


@pytest.fixture
def settings(meeting):
    """Of the meeting's installation: its rule file is the one that the meeting writes. Aqueduct is disabled."""
    idle = meeting.track.model_copy(update={"key": "aqueduct", "code": "AQU", "enabled": False})
    smtp = {"host": "127.0.0.1", "sender": "a@example.com", "recipients": "you@example.com"}
    told = {"home": meeting.folder, "config_file": meeting.folder / "config.yaml", "smtp": Smtp.model_validate(smtp)}
    tracks = {"gulf": meeting.track, "aqueduct": idle}
    sources = {meeting.track.source: SourceConfig()}
    return Settings.model_validate(told).model_copy(update={"tracks": tracks, "sources": sources})


@pytest.fixture
def lines(capsys):
    """What was printed since the last look, line by line."""
    return lambda: [line.rstrip() for line in capsys.readouterr().out.splitlines()]
