"""`tailorbird backup`, `restore` and `erasures` as an operator types them."""

import json
import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Server, serving, tailorbird, told

SCOPES = "decide,record,read,manage"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a project, and the secret of its key."""
    folder = tmp_path_factory.mktemp("made") / "data"
    told("project", "create", "My shop", "--data", str(folder), "--json")
    return folder, told("key", "create", "my-shop", "--scope", SCOPES, "--data", str(folder))["secret"]


class Shop:
    """A copy of that folder, and short forms of what is done with it."""

    def __init__(self, data: Path, secret: str) -> None:
        self.data = data
        self.secret = secret
        self.folder = data.parent

    def order(self, server: Server, *people: str, id: str = "") -> None:
        events = [
            {"id": f"{id or 'order'}-{name}", "name": "order", "visitor": {"id": name, "anonymous_id": f"phone-{name}"}}
            for name in people
        ]
        answer = server.good("POST", "/v1/events", self.secret, {"events": events})
        assert (answer["accepted"], answer["duplicates"]) == (len(people), 0)

    def erase(self, server: Server, name: str) -> None:
        server.good("DELETE", f"/v1/profiles/{name}", self.secret)

    def known(self, data: Path, *people: str) -> list[bool]:
        """Who of these is known to a server on a data folder."""
        with serving("--data", str(data)) as server:
            found = [server.call("GET", f"/v1/profiles/{name}", self.secret)[0] for name in people]
            assert server.stop() == 0
        assert set(found) <= {200, 404}
        return [status == 200 for status in found]

    def backup(self, name: str = "backup.db", *more: str) -> Path:
        out = self.folder / name
        assert told("backup", "--out", str(out), "--data", str(self.data), "--json", *more)["bytes"] > 50_000
        return out


@pytest.fixture
def shop(tmp_path: Path, made: tuple[Path, str]) -> Shop:
    return Shop(Path(shutil.copytree(made[0], tmp_path / "data")), made[1])


def test_backup_erase_restore_leaves_the_person_erased(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        assert server.stop() == 0
    done = told("restore", str(backup), "--data", str(shop.data), "--force", "--json")
    assert (done["erasures"], done["erased_again"], done["warnings"]) == (1, 1, [])
    assert shop.known(shop.data, "ann", "phone-ann", "bob") == [False, False, True]


def test_restored_elsewhere_without_the_log_they_are_back_and_with_it_they_are_not(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    log = shop.data / "erasures.log"
    assert "ann" not in log.read_text()
    without, with_it = shop.folder / "without", shop.folder / "with"
    told("restore", str(backup), "--data", str(without), "--json")
    assert shop.known(without, "ann", "bob") == [True, True]
    told("restore", str(backup), "--data", str(with_it), "--erasures", str(log), "--json")
    assert shop.known(with_it, "ann", "bob") == [False, True]
    assert (with_it / "erasures.log").read_bytes() == log.read_bytes()


def test_a_file_put_in_place_by_hand_is_erased_again_when_the_server_starts(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    shutil.copyfile(backup, shop.data / "tailorbird.db")
    assert shop.known(shop.data, "ann", "bob") == [False, True]


def test_a_tool_that_opens_such_a_file_erases_again_too(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    shutil.copyfile(backup, shop.data / "tailorbird.db")
    told("project", "list", "--data", str(shop.data), "--json")
    (shop.data / "erasures.log").unlink()
    assert shop.known(shop.data, "ann", "bob") == [False, True]


def test_the_replaced_database_tells_of_erasures_too(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    (shop.data / "erasures.log").unlink()
    told("restore", str(backup), "--data", str(shop.data), "--force", "--json")
    assert shop.known(shop.data, "ann", "bob") == [False, True]


def test_who_comes_back_after_the_erasure_is_kept(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann")
        shop.erase(server, "ann")
        shop.order(server, "ann", id="again")
        backup = shop.backup()
        server.stop()
    done = told("restore", str(backup), "--data", str(shop.data), "--force", "--json")
    assert (done["erasures"], done["erased_again"]) == (0, 0)
    other = shop.folder / "other"
    told("restore", str(backup), "--data", str(other), "--erasures", str(shop.data / "erasures.log"), "--json")
    assert shop.known(shop.data, "ann") == shop.known(other, "ann") == [True]


def test_erasures_are_written_down_for_elsewhere_and_only_once(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        out = shop.folder / "kept.log"
        command = ("erasures", "--out", str(out), "--data", str(shop.data), "--json")
        assert told(*command) == {"file": str(out), "erasures": 1, "added": 1}
        assert told(*command) == {"file": str(out), "erasures": 1, "added": 0}
        shop.erase(server, "bob")
        assert told(*command) == {"file": str(out), "erasures": 2, "added": 1}
        server.stop()
    shutil.rmtree(shop.data)
    done = told("restore", str(backup), "--data", str(shop.data), "--erasures", str(out), "--json")
    assert done["erased_again"] == 2


def test_a_backup_is_whole_while_events_arrive(shop: Shop) -> None:
    acknowledged: list[str] = []
    stop = threading.Event()
    with serving("--data", str(shop.data)) as server:

        def send() -> None:
            number = 0
            while not stop.is_set():
                shop.order(server, f"ann{number}", id=f"n{number}")
                acknowledged.append(f"ann{number}")
                number += 1

        sender = threading.Thread(target=send)
        sender.start()
        try:
            while len(acknowledged) < 20:
                stop.wait(0.01)
            before = list(acknowledged)
            backup = shop.backup()
        finally:
            stop.set()
            sender.join()
        assert len(acknowledged) > len(before), "it was not held up"
    copy = sqlite3.connect(backup)
    events, people = ({row[0] for row in copy.execute(f"SELECT visitor_id FROM {table}")} for table in ("events", IDS))
    copy.close()
    assert set(before) <= events
    assert events == people


IDS = "(SELECT id AS visitor_id FROM visitor_ids WHERE kind = 'u')"


def test_every_restore_is_another_incarnation(shop: Shop) -> None:
    backup = shop.backup()
    seen = {incarnation(shop.data / "tailorbird.db"), incarnation(backup)}
    assert len(seen) == 1
    for name in ("one", "two"):
        done = told("restore", str(backup), "--data", str(shop.folder / name), "--json")
        assert incarnation(shop.folder / name / "tailorbird.db") == done["incarnation"]
        seen.add(done["incarnation"])
    seen.add(told("restore", "--data", str(shop.data), "--json")["incarnation"])
    assert len(seen) == 4


def test_a_restore_notes_that_everybody_was_signed_out(shop: Shop) -> None:
    backup = shop.backup()
    told("restore", str(backup), "--data", str(shop.folder / "there"), "--json")
    noted = [[("tailorbird restore", "sign everybody out")], []]
    assert [notes(shop.folder / "there" / "tailorbird.db"), notes(backup)] == noted


def notes(file: Path) -> list[tuple[str, str]]:
    """Who did what to accounts."""
    connection = sqlite3.connect(file)
    found = connection.execute("SELECT author, action FROM account_notes").fetchall()
    connection.close()
    return found


def incarnation(file: Path) -> str:
    connection = sqlite3.connect(file)
    ((value,),) = connection.execute("SELECT value FROM meta WHERE name = 'incarnation'").fetchall()
    connection.close()
    return str(value)


def test_what_another_tool_restored_is_finished(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann", "bob")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    shutil.copyfile(backup, shop.data / "tailorbird.db")
    (shop.data / "snapshot.json").write_text("of a later time")
    done = told("restore", "--data", str(shop.data), "--json")
    assert done["erased_again"] == 1
    assert not (shop.data / "snapshot.json").exists()


# -- refusals --------------------------------------------------------------------------------------------------------


def test_nothing_is_restored_under_a_running_server(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann")
        backup = shop.backup()
        for words in ((str(backup), "--force"), ()):
            done = tailorbird("restore", *words, "--data", str(shop.data))
            assert (done.code, done.out) == (1, "")
            assert "A Tailorbird server uses " in done.err
        server.good("GET", "/v1/profiles/ann", shop.secret)


def test_what_is_there_is_replaced_only_when_told_and_kept_aside(shop: Shop) -> None:
    backup = shop.backup()
    told("project", "create", "Second", "--data", str(shop.data), "--json")
    refused = tailorbird("restore", str(backup), "--data", str(shop.data))
    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.err
    assert len(told("project", "list", "--data", str(shop.data), "--json")) == 2
    done = told("restore", str(backup), "--data", str(shop.data), "--force", "--json")
    assert len(told("project", "list", "--data", str(shop.data), "--json")) == 1
    kept = done["replaced"]
    assert len(told("project", "list", "--database", f"sqlite:///{kept}", "--json")) == 2
    assert not list(shop.data.glob("*.restoring*"))


def test_a_backup_replaces_another_only_when_told(shop: Shop) -> None:
    backup = shop.backup()
    first = backup.read_bytes()
    refused = tailorbird("backup", "--out", str(backup), "--data", str(shop.data))
    assert (refused.code, refused.out) == (2, "")
    assert backup.read_bytes() == first
    told("project", "create", "Second", "--data", str(shop.data), "--json")
    shop.backup("backup.db", "--force")
    assert backup.read_bytes() != first
    told("restore", str(backup), "--data", str(shop.folder / "other"), "--json")


def test_in_a_folder_a_backup_gets_a_name_with_the_time(shop: Shop) -> None:
    out = shop.folder / "backups"
    out.mkdir()
    done = tailorbird("backup", "--out", str(out), "--data", str(shop.data))
    assert done.code == 0
    (copy,) = out.glob("tailorbird-2*.db")
    assert done.out.startswith(f"{copy}: ")
    assert (out / f"{copy.name}.sha256").read_text().split()[1] == copy.name
    assert done.err == "Backup: 100 %\n"


def spoiled(copy: Path) -> None:
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 0xFF
    copy.write_bytes(data)


def of_the_future(copy: Path) -> None:
    connection = sqlite3.connect(copy)
    connection.executescript("UPDATE alembic_version SET version_num = '9999'; DELETE FROM meta")
    connection.close()
    (copy.parent / f"{copy.name}.sha256").unlink()


def cut(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size // 2)
    (copy.parent / f"{copy.name}.sha256").unlink()


def with_a_log(copy: Path) -> None:
    (copy.parent / f"{copy.name}-wal").write_bytes(b"")


def without_a_sum(copy: Path) -> None:
    (copy.parent / f"{copy.name}.sha256").write_text("")


@pytest.mark.parametrize(
    ("flaw", "sentence"),
    [
        (spoiled, "its checksum is another one"),
        (of_the_future, "written by a newer Tailorbird (its schema is 9999"),
        (cut, "backup.db is"),
        (with_a_log, "its log stands beside it"),
        (without_a_sum, "holds no checksum"),
    ],
)
def test_a_flawed_backup_is_refused_before_anything_is_touched(shop: Shop, flaw: Any, sentence: str) -> None:
    backup = shop.backup()
    flaw(backup)
    before = (shop.data / "tailorbird.db").read_bytes()
    done = tailorbird("restore", str(backup), "--data", str(shop.data), "--force")
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert (shop.data / "tailorbird.db").read_bytes() == before
    assert not list(shop.data.glob("*.restoring*"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("restore", "nowhere.db"), "There is no file nowhere.db"),
        (("restore",), "There is no Tailorbird data in"),
        (("restore", "--erasures", "nowhere.log"), "--erasures: there is no file nowhere.log"),
        (("backup", "--out", "x.db"), "There is no Tailorbird data in"),
        (("backup", "--out", "x.db", "--database", "postgresql://a@b/c"), "For PostgreSQL use pg_dump"),
        (("restore", "x.db", "--database", "postgresql://a@b/c"), "For PostgreSQL use pg_restore"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    done = tailorbird(*words, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_backup_without_its_checksum_is_restored_and_says_so(shop: Shop) -> None:
    backup = shop.backup()
    (shop.folder / "backup.db.sha256").unlink()
    done = tailorbird("restore", str(backup), "--data", str(shop.folder / "other"))
    assert done.code == 0
    assert done.err == "tailorbird: there is no backup.db.sha256: not compared.\n"
    assert done.out.startswith(f"Restored into {shop.folder / 'other'}: 0 erasures repeated, 0 people erased again.")


def test_damaged_lines_of_a_log_are_named_and_the_others_repeated(shop: Shop) -> None:
    with serving("--data", str(shop.data)) as server:
        shop.order(server, "ann")
        backup = shop.backup()
        shop.erase(server, "ann")
        server.stop()
    log = shop.data / "erasures.log"
    log.write_bytes(b"{broken\n" + log.read_bytes())
    done = tailorbird("restore", str(backup), "--data", str(shop.data), "--force", "--json")
    assert f"{log} is damaged: these lines cannot be read: 1." in done.err
    assert json.loads(done.out)["erased_again"] == 1
