"""Answers are kept for as long as nothing was committed, and no longer."""

from sqlalchemy import text

from horses_scrapy.storage.version import Version


def test_a_version_differs_after_a_commit_and_not_before(house):
    version = Version(house.store)
    before = version.now()
    assert version.now() == before
    with house.store.write() as connection:
        connection.execute(text("UPDATE race SET name = 'x' WHERE race_id = 1"))
    assert version.now() != before
    version.close()


def test_all_statements_of_a_snapshot_see_the_same_commit(house):
    with house.store.snapshot() as connection:
        before = connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one()
        with house.store.write() as writing:
            writing.execute(text("UPDATE race SET name = 'another' WHERE race_id = 1"))
        assert connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one() == before
    with house.store.snapshot() as connection:
        assert connection.execute(text("SELECT name FROM race WHERE race_id = 1")).scalar_one() == "another"
