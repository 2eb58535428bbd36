"""``tailorbird project``: the tenants of an installation."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from tailorbird.cli.options import DATA, Command, Data, Database, Json, shown
from tailorbird.cli.place import place
from tailorbird.cli.tool import print_json, print_table, with_engine

Name = Annotated[str, Parameter(help="What people call it.")]
Key = Annotated[
    str,
    Parameter(
        help="What it is called in addresses: letters, digits, - and _. Made from the name when absent.",
        show_default=False,
    ),
]


def create(name: Name, /, *, key: Key = "", data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """Create a project: its own campaigns, people, events and keys, unseen by every other project."""
    where = place(data, database)

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.access import create_project

        return await create_project(runtime, name, key, author="tailorbird project")

    made = with_engine(where, work)
    if json:
        print_json(_told(made))
        return
    print(f"Created project {made.name!r} with the key {made.key}.")
    print(f"Next, a key for its backend:  tailorbird key create {made.key} --scope decide,record,manage")


def listing(*, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """List the projects."""
    where = place(data, database)
    where.must_exist()

    async def work(runtime: Any) -> Any:
        return await runtime.store.projects()

    found = with_engine(where, work)
    if json:
        print_json([_told(project) for project in found])
    elif found:
        print_table(("KEY", "NAME", "ID", "CREATED"), [(p.key, p.name, p.id, shown(p.created_at)) for p in found])
    else:
        print('No projects yet. Create one:  tailorbird project create "My shop"')


def _told(project: Any) -> dict[str, Any]:
    return {"id": project.id, "key": project.key, "name": project.name, "created_at": project.created_at}


COMMANDS = (
    Command(
        "create",
        create,
        """tailorbird project create "My shop"
tailorbird project create "My shop" --key shop --data /var/lib/tailorbird --json""",
    ),
    Command("list", listing, "tailorbird project list\ntailorbird project list --json"),
)
