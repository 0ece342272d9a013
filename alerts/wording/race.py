"""What alerts about a race's money and its card say."""

from alerts.events import EventFiring
from alerts.safe_header import clean
from alerts.wording.detail import Words


def scratched(firing: EventFiring) -> Words:
    runner = firing.happening.runner
    assert runner is not None
    return Words(
        what=f"#{clean(runner.program_number)}",
        who=clean(runner.horse),
        move="scratched",
        condition="late" if firing.happening.change.new == "late_scratch" else "",
    )
