"""Facts on disk, for analysis: Parquet files by project and day, what they are asked, and the process that does so.

The store counts, the lake remembers. Events, exposures and sightings are copied from the store in the order of their
numbers; a **manifest** names the files that count and how far the copy is, in one step, so that a crash at any point
leaves each fact in the lake once. What is above that is read from the store itself with every question, so an answer is
never behind. ``place`` is the folder, ``manifest`` what counts in it, ``keeper`` writes, ``tables`` reads, ``session``
and ``child`` are a process that does both, ``client`` the server's end of it.

Nothing here is imported when a server starts but ``client`` and what it names; DuckDB, Ibis and Arrow live in the other
process.
"""

from __future__ import annotations
