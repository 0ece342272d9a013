"""Facts about the database and scrapyd that the scheduler, the pages and the health check all need."""

from horses_scrapy.health.facts import Fault, check, client_of
from horses_scrapy.health.scrapyd import Jobs, ScrapydClient, ScrapydDown, ScrapydRefused

__all__ = ["Fault", "Jobs", "ScrapydClient", "ScrapydDown", "ScrapydRefused", "check", "client_of"]
