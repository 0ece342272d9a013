"""The way into the history: each takes a connection of Store.write() and one item. Idempotent by natural key."""

from horses_scrapy.storage.boards import StoredBoard, store_board
from horses_scrapy.storage.cards import store_race
from horses_scrapy.storage.results import store_result

__all__ = ["StoredBoard", "store_board", "store_race", "store_result"]
