"""Projects, keys, migrations and documents at the command line."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.cli.commands import tailorbird, told


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "data"
    told("project", "create", "My shop", "--data", str(folder), "--json")
    return folder


@pytest.fixture
def data(tmp_path: Path, prepared: Path) -> str:
    return str(shutil.copytree(prepared, tmp_path / "data"))


def test_a_project_is_created_listed_and_what_comes_next_is_said(tmp_path: Path) -> None:
    done = tailorbird("project", "create", "My shop", cwd=tmp_path)
    assert done.code == 0
    assert done.out.splitlines() == [
        "Created project 'My shop' with the key my-shop.",
        "Next, a key for its backend:  tailorbird key create my-shop --scope decide,record,manage",
    ]
    assert (tmp_path / "tailorbird-data" / "tailorbird.db").exists()
    (project,) = told("project", "list", "--json", cwd=tmp_path)
    assert (project["key"], project["name"]) == ("my-shop", "My shop")
    assert "my-shop" in tailorbird("project", "list", cwd=tmp_path).out


def test_a_project_may_be_given_its_key(tmp_path: Path) -> None:
    made = told("project", "create", "My shop", "--key", "shop_1", "--json", "--data", str(tmp_path))
    assert made["key"] == "shop_1"


def test_a_taken_name_and_an_impossible_key_are_refused(data: str) -> None:
    again = tailorbird("project", "create", "My shop", "--data", data)
    assert (again.code, again.out) == (1, "")
    assert again.err == "tailorbird: There is already a project with the key 'my-shop'.\n"
    odd = tailorbird("project", "create", "Other", "--key", "a b", "--data", data)
    assert odd.code == 2
    assert odd.err.startswith("tailorbird: key: expected 1 to 100 letters")


def test_the_variable_says_where_and_what_is_typed_wins(data: str, tmp_path: Path) -> None:
    assert len(told("project", "list", "--json", TAILORBIRD_DATA=data)) == 1
    other = str(tmp_path / "other")
    told("project", "create", "Other", "--json", "--data", other, TAILORBIRD_DATA=data)
    assert [project["key"] for project in told("project", "list", "--json", "--data", other)] == ["other"]


def test_a_database_file_may_be_named_by_its_address(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.db"
    told("project", "create", "Shop", "--json", "--database", f"sqlite:///{file}")
    assert file.exists()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://user:secret@host", "--database names no database of the PostgreSQL server"),
        ("postgres://user:secret@host/", "--database names no database of the PostgreSQL server"),
        ("postgresql://user:secret@host:door/name", "--database is no address of a PostgreSQL database"),
        ("mysql://host/name", "--database takes an address such as postgresql:"),
        ("sqlite:///", "--database names no file"),
    ],
)
def test_other_databases_are_refused_before_anything_is_made(tmp_path: Path, address: str, sentence: str) -> None:
    for words in (("project", "create", "x"), ("serve", "--port", "0"), ("migrate",)):
        done = tailorbird(*words, "--database", address, cwd=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"tailorbird: {sentence}")
        assert done.err.count("\n") == 1
        assert "secret" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("project", "list"), ("key", "list", "x"), ("key", "create", "x")], ids=" ".join)
def test_a_folder_without_data_is_not_begun_by_a_typing_mistake(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = tailorbird(*words, "--data", str(tmp_path / "nothing"))
    assert done.code == 2
    assert "There is no Tailorbird data in" in done.err
    assert "tailorbird project create" in done.err
    assert not (tmp_path / "nothing").exists()


def test_a_key_is_one_line_of_json_with_the_secret_once(data: str) -> None:
    done = tailorbird("key", "create", "my-shop", "--scope", "decide,record,manage", "--data", data)
    assert done.code == 0
    assert done.out.count("\n") == 1
    key = json.loads(done.out)
    assert key["secret"].startswith("tb_")
    assert (key["project"], key["client"], key["kind"]) == ("my-shop", "backend", "secret")
    assert key["scopes"] == ["decide", "record", "manage"]
    listed = tailorbird("key", "list", "my-shop", "--json", "--data", data)
    assert key["id"] in listed.out
    assert key["secret"] not in listed.out
    assert "secret" not in json.loads(listed.out)[0]
    assert key["secret"].encode() not in b"".join(path.read_bytes() for path in Path(data).iterdir())


def test_a_publishable_key_that_expires(data: str) -> None:
    key = told("key", "create", "my-shop", "--publishable", "--client", "web", "--expires", "90d", "--data", data)
    assert key["secret"].startswith("tbp_")
    assert (key["kind"], key["scopes"]) == ("publishable", ["decide", "record"])
    assert key["expires_at"] - key["created_at"] == pytest.approx(90 * 86_400_000, abs=60_000)
    assert "live until" in tailorbird("key", "list", "my-shop", "--data", data).out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--scope", "decide,fly"), 2, "scopes: expected one or more of decide, record, read, manage, got fly"),
        (("--publishable", "--scope", "manage"), 2, "scopes: expected decide or record"),
        (("--expires", "2001-01-01"), 2, "--expires must lie ahead: 2001-01-01 does not."),
        (("--expires", "soon"), 2, "--expires takes a time such as 2031-01-31 or a span such as 90d, not 'soon'."),
        (("--client", ""), 2, "client: expected the name of who uses it"),
        (("--colour", "red"), 2, "Unknown option: --colour."),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused_in_a_line(
    data: str, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = tailorbird("key", "create", "my-shop", "--data", data, *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"tailorbird: {sentence}")
    assert done.err.count("\n") == 1
    assert told("key", "list", "my-shop", "--json", "--data", data) == []


def test_a_client_holds_two_keys_at_most(data: str) -> None:
    for _ in range(2):
        told("key", "create", "my-shop", "--data", data)
    third = tailorbird("key", "create", "my-shop", "--data", data)
    assert third.code == 1
    assert "already holds 2 live keys" in third.err
    told("key", "create", "my-shop", "--client", "another", "--data", data)


def test_rotate_and_revoke(data: str) -> None:
    old = told("key", "create", "my-shop", "--scope", "read", "--data", data)
    new = told("key", "rotate", "my-shop", old["id"], "--overlap", "24h", "--data", data)
    assert new["secret"] != old["secret"]
    assert (new["client"], new["scopes"]) == (old["client"], old["scopes"])
    assert "live until" in tailorbird("key", "list", "my-shop", "--data", data).out
    assert tailorbird("key", "revoke", "my-shop", new["id"], "--data", data).out == f"Revoked {new['id']}.\n"
    states = {key["id"]: key for key in told("key", "list", "my-shop", "--json", "--data", data)}
    assert states[old["id"]]["expires_at"] > states[new["id"]]["revoked_at"] > 0
    assert (
        tailorbird("key", "revoke", "my-shop", "nobody", "--data", data).err
        == "tailorbird: There is no key 'nobody'.\n"
    )
    assert tailorbird("key", "rotate", "my-shop", old["id"], "--overlap", "long", "--data", data).code == 2


def test_an_unknown_project_is_said_so(data: str) -> None:
    for words in (("create", "nope"), ("list", "nope"), ("revoke", "nope", "k"), ("rotate", "nope", "k")):
        done = tailorbird("key", *words, "--data", data)
        assert (done.code, done.err) == (1, "tailorbird: There is no project 'nope'.\n")


def test_migrate_makes_a_database_and_says_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "data" / "tailorbird.db"
    first = told("migrate", "--json", "--data", str(file.parent))
    assert first["before"] is None
    assert first["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = tailorbird("migrate", "--data", str(file.parent))
    assert again.out == f"{file} has this version's schema already ({first['after']}).\n"


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tailorbird.db").write_bytes(b"not a database, " * 500)
    for words in (("migrate",), ("project", "create", "x"), ("serve", "--port", "0")):
        done = tailorbird(*words, "--data", str(tmp_path))
        assert done.code == 1
        assert done.err.startswith("tailorbird: ")
        assert done.err.count("\n") == 1
    assert (tmp_path / "tailorbird.db").read_bytes() == b"not a database, " * 500


def test_the_openapi_document_is_printed_and_written(tmp_path: Path) -> None:
    printed = told("openapi")
    assert printed["openapi"].startswith("3.1")
    assert "/v1/decide" in printed["paths"]
    assert tailorbird("openapi", "--output", "api.json", cwd=tmp_path).code == 0
    assert json.loads((tmp_path / "api.json").read_text(encoding="utf-8")) == printed
    nowhere = tailorbird("openapi", "-o", str(tmp_path / "no" / "api.json"))
    assert nowhere.code == 1
    assert nowhere.err == f"tailorbird: {tmp_path / 'no' / 'api.json'}: No such file or directory\n"


def test_the_version_is_told_to_people_and_scripts() -> None:
    from tailorbird import __version__

    assert tailorbird("version").out.startswith(f"tailorbird {__version__} (schema ")
    assert told("version", "--json")["tailorbird"] == __version__


@pytest.mark.parametrize("words", [("nonsense",), ("project", "create"), ("version", "more"), ("serve", "--port", "x")])
def test_what_is_typed_wrongly_is_one_line_and_a_hint(words: tuple[str, ...]) -> None:
    done = tailorbird(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("tailorbird: ")
    assert done.err.endswith(" Try --help.\n")
    assert done.err.count("\n") == 1
