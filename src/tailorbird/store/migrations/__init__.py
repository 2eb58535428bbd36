"""Alembic's folder: ``tailorbird.store.migrate`` runs it, from inside the package and without an ini file.

Every migration says with ``runs_with`` which is the oldest schema whose code still works after it, as it was released:
it reads and writes without error, and leaves nothing wrong behind. A migration that only adds repeats what the one
before it says. One that removes what older code uses raises it; so does one that adds what older code must not leave
alone, such as a table of people that an erasure has to empty. A start of older code is allowed exactly that far.
"""
