from horses_scrapy.web.pages import alerts, race, runs, status

__all__ = ["alerts", "race", "runs", "status"]
