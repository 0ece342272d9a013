"""Alembic runs this file. The connection comes from storage.migrate, in a transaction of its own."""

from alembic import context

from horses_scrapy.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=True,
    transactional_ddl=True,  # SQLite can, and our BEGIN IMMEDIATE makes it so; Alembic's default says it cannot
)
with context.begin_transaction():
    context.run_migrations()
