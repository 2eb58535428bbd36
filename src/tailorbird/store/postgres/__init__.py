"""The store on PostgreSQL: any number of processes and servers on one database."""

from tailorbird.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
