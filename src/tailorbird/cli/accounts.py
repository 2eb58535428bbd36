"""``tailorbird account``: who signs in to the console, for operators. Day to day, owners do it in the console."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from tailorbird.cli.errors import Failed, Usage
from tailorbird.cli.options import DATA, PREFIX, Command, Data, Database, Json, Project, shown
from tailorbird.cli.place import Place, place
from tailorbird.cli.tool import print_json, print_table, with_engine

Email = Annotated[str, Parameter(help="The e-mail address that signs in.")]
Name = Annotated[str, Parameter(help="What people call them.")]
Owner = Annotated[
    bool, Parameter(help="May create projects and accounts, and is admin of every project.", show_default=False)
]
Role = Annotated[str, Parameter(help="viewer, editor, publisher or admin; `none` takes the role away.")]
Url = Annotated[str, Parameter(env_var=f"{PREFIX}PUBLIC_URL", help="Where browsers reach the server, for the link.")]
#: where a server listens when nobody says otherwise
_URL = "http://127.0.0.1:8790"
#: who is named in the histories
_AUTHOR = "tailorbird account"


def create(
    email: Email, name: Name, /, *, owner: Owner = False, data: Data = DATA, database: Database = "", json: Json = False
) -> None:
    """Make an account. The password is asked for, or read from standard input. The very first account is an owner."""
    where = _existing(data, database)
    password = _password()

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.accounts import Person, create_account

        told = Person(email=email, name=name, password=password)
        return await create_account(runtime, told, owner=owner, author=_AUTHOR)

    made = with_engine(where, work)
    if json:
        print_json(_told(made))
    else:
        print(f"Created the account {made.email}{', an owner' if made.owner else ''}.")


def listing(*, data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """List the accounts."""
    where = _existing(data, database)

    async def work(runtime: Any) -> Any:
        return await runtime.store.accounts.all()

    found = with_engine(where, work)
    if json:
        print_json([_told(account) for account in found])
        return
    rows = [(a.email, a.name, "owner" if a.owner else "", _state(a), shown(a.created_at)) for a in found]
    print_table(("E-MAIL", "NAME", "OWNER", "STATE", "CREATED"), rows)


def password(email: Email, /, *, data: Data = DATA, database: Database = "") -> None:
    """Set an account's password, asked for or read from standard input; every session of the account ends."""
    where = _existing(data, database)
    chosen = _password()

    async def work(runtime: Any) -> Any:
        from tailorbird.engine.accounts import set_password

        return await set_password(runtime, email, chosen, author=_AUTHOR)

    print(f"Changed the password of {with_engine(where, work).email}, and signed the account out everywhere.")


def role(email: Email, project: Project, name: Role, /, *, data: Data = DATA, database: Database = "") -> None:
    """Give an account a role in a project, or take it away."""
    from tailorbird.domain.accounts import ROLES

    where = _existing(data, database)
    given: Any = name
    if name not in (*ROLES, "none"):
        raise Usage(f"A role is one of {', '.join(ROLES)}, or none; not {name!r}.")

    async def work(runtime: Any) -> None:
        from tailorbird.engine import memberships
        from tailorbird.engine.accounts import find

        account = await find(runtime, email)
        if name == "none":
            await memberships.remove(runtime, project, account.id, author=_AUTHOR)
        else:
            await memberships.give_role(runtime, project, account.id, given, author=_AUTHOR)

    with_engine(where, work)
    print(f"{email} has {'no role' if name == 'none' else f'the role {name}'} in {project}.")


def reset_setup(*, url: Url = _URL, data: Data = DATA, database: Database = "") -> None:
    """Print a new code that makes the first account, as a link; earlier codes are good for nothing any more."""
    where = place(data, database)

    async def work(runtime: Any) -> str:
        from tailorbird.engine.accounts import new_setup_code

        return await new_setup_code(runtime, only=True)

    print(f"{url.rstrip('/')}/setup#code={with_engine(where, work)}")


def _existing(data: Any, database: str) -> Place:
    where = place(data, database)
    where.must_exist()
    return where


def _password() -> str:
    """Typed twice at a terminal, else the first line of standard input: the command line is no place for it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    first = getpass("Password: ")
    if getpass("Again: ") != first:
        raise Failed("The two are not the same. Nothing was changed.")
    return first


def _state(account: Any) -> str:
    return "disabled" if account.disabled_at else "may sign in"


def _told(account: Any) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "owner": account.owner,
        "created_at": account.created_at,
        "disabled_at": account.disabled_at or None,
    }


COMMANDS = (
    Command(
        "create",
        create,
        """tailorbird account create ada@example.org "Ada" --owner
pass show tailorbird/ben | tailorbird account create ben@example.org "Ben" --json""",
    ),
    Command("list", listing, "tailorbird account list"),
    Command("password", password, "tailorbird account password ada@example.org"),
    Command(
        "role",
        role,
        """tailorbird account role ben@example.org my-shop editor
tailorbird account role ben@example.org my-shop none""",
    ),
    Command("reset-setup", reset_setup, "tailorbird account reset-setup --url https://tailorbird.example"),
)
