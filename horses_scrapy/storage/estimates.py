"""What tracks raced when they last did: to reckon what a day of the cadence costs."""

from sqlalchemy import Connection, func, select

from horses_scrapy.storage.schema import race, track


def newest_card(connection: Connection, track_key: str, until_date: str) -> tuple[str, list[int]] | None:
    """The newest day up to a date of which post times are stored, and these; None where there is none."""
    of_track = (track.c.key == track_key, race.c.post_time.is_not(None))
    day = connection.scalar(
        select(func.max(race.c.race_date))
        .select_from(race.join(track))
        .where(*of_track, race.c.race_date <= until_date)
    )
    if day is None:
        return None
    posts = select(race.c.post_time).select_from(race.join(track)).where(*of_track, race.c.race_date == day)
    return day, sorted(connection.scalars(posts))
