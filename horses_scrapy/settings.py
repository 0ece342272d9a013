"""Scrapy's settings. What is not here is Scrapy's default; what is here says why. Values for people stand in config/."""

import os
import sys

from scrapy.settings import default_settings

from horses_scrapy import config, logs
from horses_scrapy.config import Settings
from horses_scrapy.errors import ConfigError


def _load() -> Settings:
    """A job that its runner tells its track reads nothing of the others."""
    try:
        return config.load(track=os.environ.get(config.TRACK_VARIABLE) or None)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.exit_code) from None


def _without(components: dict[str, int], *modules: str) -> dict[str, int]:
    """Scrapy's components without some modules: switched off by None they would still be imported, at each start."""
    return {path: order for path, order in components.items() if path.split(".")[2] not in modules}


HORSES = _load()

BOT_NAME = "horses_scrapy"
SPIDER_MODULES = ["horses_scrapy.spiders"]
NEWSPIDER_MODULE = "horses_scrapy.spiders"
COMMANDS_MODULE = "horses_scrapy.commands"  # crawl with an exit code that tells how the run ended

# Politeness: who we are, what the site allows, how slowly we ask
USER_AGENT = f"horses_scrapy/0.1 (+{HORSES.http.contact})" if HORSES.http.contact else "horses_scrapy/0.1"
ROBOTSTXT_OBEY = True  # Scrapy's own default is not to
ROBOTSTXT_USER_AGENT = "horses_scrapy"  # the name that a robots.txt would use, without version and contact
CONCURRENT_REQUESTS = 1  # a crawl reads one host: while a refused request waits, nothing else may be asked either
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # the same, for whoever raises the line above
CONCURRENT_ITEMS = 1  # pipelines do not wait for anything; Scrapy makes so many workers, its 100, for every response
DOWNLOAD_DELAY = 0  # the turns middleware paces, for all processes together
COOKIES_ENABLED = False  # no site here needs a session; a tracking cookie would only tie our polls together

# Safety: a site may be slow, broken or hostile
DOWNLOAD_TIMEOUT = HORSES.http.timeout  # Scrapy's 180 s is longer than the time between two polls
DNS_TIMEOUT = HORSES.http.timeout  # the same: Scrapy's is 60 s
DOWNLOAD_MAXSIZE = 4 * 1024 * 1024  # the largest real answer is 0.5 MB; Scrapy's 1 GiB lets a compression bomb in
DOWNLOAD_WARNSIZE = 1024 * 1024  # somebody should look before the limit above is met
DOWNLOAD_VERIFY_CERTIFICATES = True  # Scrapy's default accepts any certificate
DOWNLOAD_HANDLERS = {"file": None, "ftp": None, "s3": None, "data": None}  # only http and https are ever asked
REDIRECT_MAX_TIMES = 5  # Scrapy's 20 is a loop already
REDIRECT_PRIORITY_ADJUST = 0  # one request at a time: order is what the spider says
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # none: so no request needs dont_filter, which passes checks
CLOSESPIDER_TIMEOUT = HORSES.scheduler.job_timeout  # ends by itself where no scheduler cancels it
TELNETCONSOLE_ENABLED = False  # a console that runs Python, its password in the job's log
REMOTE_CONTROL_ENABLED = False  # the same through HTTP, new and on in Scrapy 2.19

# Lean: what is not listed is not imported; a crawl then starts in two thirds of the time
EXTENSIONS_BASE = _without(
    default_settings.EXTENSIONS_BASE,
    "remote_control", "telnet", "memusage", "memdebug", "spiderstate", "throttle", "logstats",
)  # fmt: skip
DOWNLOADER_MIDDLEWARES_BASE = _without(
    default_settings.DOWNLOADER_MIDDLEWARES_BASE,
    "offsite",  # replaced by hosts, which dont_filter does not pass
    "retry",  # replaced by ours, which waits
    "httpauth", "cookies", "httpproxy", "httpcache",
)  # fmt: skip
METAREFRESH_ENABLED = False  # a page that sends us elsewhere by its markup is not the page that was asked for
DOWNLOADER_MIDDLEWARES = {
    "horses_scrapy.middlewares.hosts.Hosts": 50,
    "horses_scrapy.middlewares.refusals.Refusals": 60,  # before robots.txt (100), which is not asked for in vain
    "horses_scrapy.middlewares.kept.Kept": 70,  # the same; an answer comes here decoded, after retries and redirects
    "horses_scrapy.middlewares.retry.Retry": 550,
    "horses_scrapy.middlewares.turns.Turns": 900,  # next to the network: no wait of the others holds a host's turn
}
SPIDER_MIDDLEWARES = {
    "horses_scrapy.middlewares.archive.Archive": 30,  # before httperror (50): a 404 is an answer, too
    "horses_scrapy.middlewares.problems.Problems": 40,  # before httperror: ours are not its business
    "horses_scrapy.middlewares.asked.AskedFor": 900,  # next to the spider
}
STATE_FILES = True  # turns, cards and the archive, which all crawls share; scrapy shell leaves nothing behind
DRY_RUN = HORSES.system.dry_run  # items are read and shown; nothing is stored but the turns at a host
EXTENSIONS = {
    "horses_scrapy.extensions.fill_rate.FillRate": 5,  # before crawl_run, which writes the run's end
    "horses_scrapy.extensions.crawl_run.CrawlRun": 10,
    "horses_scrapy.extensions.redaction.Redaction": 20,
}
ITEM_PIPELINES = {
    "horses_scrapy.pipelines.validate.Validate": 100,
    "horses_scrapy.pipelines.sanity.Sanity": 200,
    "horses_scrapy.pipelines.store.Store": 300,
    "horses_scrapy.pipelines.alert.Alert": 500,
}

# Logging: scrapyd names the LOG_FILE of a job on its command line
LOG_LEVEL = HORSES.logging.level  # Scrapy's DEBUG prints every item
LOG_FORMAT = logs.DETAILED  # as in the log files of the other processes
WARN_ON_GENERATOR_RETURN_VALUE = False  # reads the source of each callback; mypy tells it before
LOG_VERSIONS: list[str] = []  # asking for them costs a job 5 % of its time
