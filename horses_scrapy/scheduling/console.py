"""What a person at the console sees: every board that the alert rules have seen, every alert, every run that went wrong."""

import logging

from horses_scrapy.storage.engine import Store
from horses_scrapy.storage.queries import pending_board_ids
from horses_scrapy.storage.runs import GOOD, RunEnd, newest_run_id, runs_since
from horses_scrapy.storage.slots import alert_texts, evaluated_boards, newest_ids

logger = logging.getLogger(__name__)


class Console:
    """Tells what is new since it was made. Boards may be evaluated in any order: those passed over are remembered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.read() as connection:
            self._board, self._alert = newest_ids(connection)
            self._waiting = frozenset(pending_board_ids(connection))
            self._run = newest_run_id(connection)
        self._open: frozenset[int] = frozenset()

    def report(self) -> None:
        self._report_boards()
        self._report_runs()

    def _report_boards(self) -> None:
        with self._store.read() as connection:
            newest, _ = newest_ids(connection)
            pending = {board for board in pending_board_ids(connection) if board <= newest}
            boards = evaluated_boards(connection, self._board, newest, self._waiting)
            alerts = alert_texts(connection, self._alert)
        for board in boards:
            plural = "" if board.alerts == 1 else "s"
            logger.info("Scraped race %s R%d: %d alert%s", board.track_code, board.race_number, board.alerts, plural)
        for self._alert, text in alerts:
            logger.info("ALERT %s", _one_line(text))
        self._board = newest
        self._waiting = frozenset((self._waiting | pending) - {board.board_id for board in boards})

    def _report_runs(self) -> None:
        with self._store.read() as connection:
            runs = runs_since(connection, self._run, self._open)
        for run in runs:
            if run.outcome is not None and run.outcome not in GOOD:
                logger.warning("Crawl %s ended %s", run.job, _one_line(how(run)))
        self._run = max((run.run_id for run in runs), default=self._run)
        self._open = frozenset(run.run_id for run in runs if run.outcome is None)


def how(run: RunEnd) -> str:
    """`blocked: HTTP 403 from ...`"""
    return f"{run.outcome}: {run.reason}" if run.reason else str(run.outcome)


def _one_line(text: str) -> str:
    """Horse names come from web pages: nothing in them may move the cursor of a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
