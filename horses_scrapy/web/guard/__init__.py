"""What stands before every answer."""

from fastapi import FastAPI

from horses_scrapy.config import Settings
from horses_scrapy.web.meters import Meters

__all__ = ["protect"]


def protect(app: FastAPI, settings: Settings, meters: Meters) -> None:
    """Adds what every request passes, and how errors are put."""
