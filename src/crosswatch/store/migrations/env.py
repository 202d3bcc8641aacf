"""Run by Alembic: the connection is handed over by ``crosswatch.store.migrate``."""

from alembic import context

from crosswatch.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
