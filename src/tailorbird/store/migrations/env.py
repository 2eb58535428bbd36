"""Alembic's entry: runs the migrations on the connection that ``tailorbird.store.migrate`` opened."""

from __future__ import annotations

from alembic import context

from tailorbird.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
