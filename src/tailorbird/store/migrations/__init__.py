"""Alembic's folder: ``tailorbird.store.migrate`` runs it, from inside the package and without an ini file."""
