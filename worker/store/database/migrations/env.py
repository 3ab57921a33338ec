"""Alembic's entry: runs inside the transaction that `worker.store.database.migrate` opened."""

from alembic import context

from worker.store.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
