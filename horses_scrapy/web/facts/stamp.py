"""Boards as answers name them."""

from collections.abc import Iterable
from typing import Protocol

from horses_scrapy.items import RaceStatus
from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.web.models.base import BoardStamp, instant, instant_or_none


class AnyBoard(Protocol):
    """Any stored board, however it was read."""

    @property
    def board_id(self) -> int: ...
    @property
    def fetched_at(self) -> int: ...
    @property
    def source_time(self) -> int | None: ...
    @property
    def status(self) -> RaceStatus: ...
    @property
    def minutes_to_post(self) -> int | None: ...
    @property
    def flags(self) -> Iterable[str]: ...


def stamp_of(board: BoardView) -> BoardStamp:
    return stamp(board, board.source.name)


def stamp(board: AnyBoard, source: str) -> BoardStamp:
    return BoardStamp(
        board_id=board.board_id,
        source=source,
        fetched_at=instant(board.fetched_at),
        source_time=instant_or_none(board.source_time),
        status=board.status,
        minutes_to_post=board.minutes_to_post,
        flags=sorted(board.flags),
    )
