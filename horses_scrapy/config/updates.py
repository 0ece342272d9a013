"""What is read beside the cadence, each by its own cron expression: cards ahead, results of past days, reference data."""

from typing import Annotated, ClassVar

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field

from horses_scrapy import clock
from horses_scrapy.config.block import Block, Zone


def _cron(expression: str) -> str:
    try:
        CronSim(expression, clock.from_ms(0))
    except CronSimError as error:
        raise ValueError(f"not a cron expression of five fields: {error}") from error
    return expression


Cron = Annotated[str, AfterValidator(_cron)]
Days = Annotated[int, Field(ge=0, le=366)]
Timeout = Annotated[float, Field(gt=0, le=86_400)]


class Update(Block):
    """cron: minute hour day month weekday (0 is Sunday), in `timezone`. timeout: seconds of the whole update."""

    enabled: bool = True
    cron: Cron
    timezone: Zone = "UTC"
    timeout: Timeout = 300


class LiveData(Update):
    """Today's boards and results without the cadence; `racing_hours`: only of tracks that race at the time."""

    enabled: bool = False
    cron: Cron = "*/15 9-20 * * *"
    racing_hours: bool = True


class DailyData(Update):
    cron: Cron = "0 6 * * *"
    days_ahead: Days = 2
    days_back: Days = 1


class WeeklyReconciliation(Update):
    cron: Cron = "0 23 * * 0"
    timeout: Timeout = 1800
    days_back: Days = 7


class ReferenceData(Update):
    cron: Cron = "0 3 1 * *"


class HistoricalSync(Update):
    """Past days that were never read, newest first; goes on where it stopped."""

    enabled: bool = False
    cron: Cron = "0 2 * * *"
    timeout: Timeout = 7200
    days_back: Days = 30


class Updates(Block):
    """Each is named after its block."""

    NAMES: ClassVar[tuple[str, ...]] = (
        "live_data", "daily_data", "weekly_reconciliation", "reference_data", "historical_sync",
    )  # fmt: skip

    live_data: LiveData = LiveData()
    daily_data: DailyData = DailyData()
    weekly_reconciliation: WeeklyReconciliation = WeeklyReconciliation()
    reference_data: ReferenceData = ReferenceData()
    historical_sync: HistoricalSync = HistoricalSync()

    def of(self, name: str) -> Update:
        update: Update = getattr(self, name)
        return update
