"""``tailorbird key``: who may call, and what for. A secret is shown once, when its key is made."""

from __future__ import annotations

import time
from typing import Annotated, Any

from cyclopts import Parameter

from tailorbird.cli.options import DATA, Command, Data, Database, Json, KeyId, Project, moment, seconds, shown
from tailorbird.cli.place import Place, place
from tailorbird.cli.tool import print_json, print_table, with_engine

#: who is named in the history where somebody sits at the machine itself
AUTHOR = "tailorbird key"

Scope = Annotated[
    str,
    Parameter(
        help="What it may do, separated by commas: decide, record, read, manage (which includes read)."
        " A publishable key takes decide and record."
    ),
]
Client = Annotated[
    str, Parameter(help="Who uses it. A client holds at most two live secret keys, so that it can change over.")
]
Publishable = Annotated[
    bool,
    Parameter(help="A key that may stand in a web page: anonymous visitors only, no attributes.", show_default=False),
]
Expires = Annotated[
    str, Parameter(help="When it stops working: a time such as 2031-01-31, or a span such as 90d.", show_default=False)
]
Overlap = Annotated[str, Parameter(help="How long the old key keeps working: 45s, 30m, 12h, 7d.")]


def create(
    project: Project,
    /,
    *,
    scope: Scope = "decide,record",
    client: Client = "backend",
    publishable: Publishable = False,
    expires: Expires = "",
    data: Data = DATA,
    database: Database = "",
) -> None:
    """Make a key and print it as one line of JSON. The secret in it is shown this once and kept as a hash only."""
    where = _existing(data, database)
    expires_at = moment(expires, "--expires", _now()) if expires else 0
    scopes: Any = tuple(part.strip() for part in scope.split(",") if part.strip())

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.access import create_key

        kind: Any = "publishable" if publishable else "secret"
        return await create_key(
            runtime,
            project,
            client=client,
            scopes=scopes,
            kind=kind,
            expires_at=expires_at,
            author=AUTHOR,
        )

    _print_secret(project, *with_engine(where, work))


def listing(project: Project, /, *, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """List a project's keys, without their secrets; revoked ones too."""
    where = _existing(data, database)

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.access import list_keys

        return await list_keys(runtime, project)

    found = with_engine(where, work)
    if json:
        print_json([_told(key) for key in found])
        return
    now = _now()
    rows = [
        (k.id, k.client, k.kind, ",".join(k.scopes), _state(k, now), shown(k.created_at), shown(k.last_used_at))
        for k in found
    ]
    print_table(("ID", "CLIENT", "KIND", "SCOPES", "STATE", "CREATED", "LAST USED"), rows)


def rotate(
    project: Project, key: KeyId, /, *, overlap: Overlap = "1h", data: Data = DATA, database: Database = ""
) -> None:
    """Make a successor of a key, with its client and scopes, and print it like `key create`. The old one ends after the
    overlap."""
    where = _existing(data, database)
    overlap_seconds = seconds(overlap, "--overlap")

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.access import rotate_key

        return await rotate_key(runtime, project, key, overlap_seconds, author=AUTHOR)

    _print_secret(project, *with_engine(where, work))


def revoke(project: Project, key: KeyId, /, *, data: Data = DATA, database: Database = "") -> None:
    """Stop a key. Running servers refuse it within two seconds."""
    where = _existing(data, database)

    async def work(runtime: Any) -> None:
        from tailorbird.engine.access import revoke_key

        await revoke_key(runtime, project, key, author=AUTHOR)

    with_engine(where, work)
    print(f"Revoked {key}.")


def _existing(data: Any, database: str) -> Place:
    where = place(data, database)
    where.must_exist()
    return where


def _now() -> int:
    return time.time_ns() // 1_000_000


def _state(key: Any, now: int) -> str:
    if key.revoked_at:
        return "revoked"
    if not key.expires_at:
        return "live"
    return f"live until {shown(key.expires_at)}" if key.expires_at > now else "expired"


def _print_secret(project: str, key: Any, secret: str) -> None:
    print_json({"secret": secret, "project": project, **_told(key)})


def _told(key: Any) -> dict[str, Any]:
    return {
        "id": key.id,
        "client": key.client,
        "kind": key.kind,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "expires_at": key.expires_at or None,
        "revoked_at": key.revoked_at or None,
        "last_used_at": key.last_used_at or None,
    }


COMMANDS = (
    Command(
        "create",
        create,
        """tailorbird key create my-shop --scope decide,record,manage
tailorbird key create my-shop --publishable --client website
export KEY=$(tailorbird key create my-shop --client ci --expires 90d | jq -r .secret)""",
    ),
    Command("list", listing, "tailorbird key list my-shop"),
    Command("rotate", rotate, "tailorbird key rotate my-shop k3yExampLe --overlap 24h"),
    Command("revoke", revoke, "tailorbird key revoke my-shop k3yExampLe"),
)
