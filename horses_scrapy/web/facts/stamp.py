"""Boards as answers name them."""

from horses_scrapy.storage.board_view import BoardView
from horses_scrapy.web.models.base import BoardStamp, instant, instant_or_none


def stamp_of(board: BoardView) -> BoardStamp:
    return BoardStamp(
        board_id=board.board_id,
        source=board.source.name,
        fetched_at=instant(board.fetched_at),
        source_time=instant_or_none(board.source_time),
        status=board.status,
        minutes_to_post=board.minutes_to_post,
        flags=sorted(board.flags),
    )
