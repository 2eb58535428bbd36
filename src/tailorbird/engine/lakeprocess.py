"""What the process beside a server runs: ``python -m tailorbird.engine.lakeprocess``."""

from __future__ import annotations

from tailorbird.domain.exports import OpenFacts
from tailorbird.lake.child import serve


def facts(database: str) -> OpenFacts:
    """What opens the facts of a database: the path of a SQLite file, or an address."""
    if "://" in database:
        from tailorbird.store.postgres.facts import open_facts

        return open_facts(database)
    from tailorbird.store.sqlite.facts import open_facts as open_file

    return open_file(database)


if __name__ == "__main__":
    serve(facts)
