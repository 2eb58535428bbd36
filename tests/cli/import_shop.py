"""A shop that data is imported into: short forms of what is typed, and of what is looked at afterwards."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.cli.commands import Done, tailorbird

#: exit code of an import that did not take every row
REJECTED = 4


class Shop:
    """A copy of that folder, and short forms of what is done with it."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.secret = secret

    def file(self, name: str, text: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def run(self, kind: str, *words: str) -> Done:
        return tailorbird("import", kind, *words, "--project", "my-shop", "--data", "data", cwd=self.folder)

    def told(self, kind: str, *words: str, code: int = 0) -> Any:
        done = self.run(kind, *words, "--json")
        assert (done.code, done.err) == (code, ""), done.err
        return json.loads(done.out)

    def counts(self, answer: Any) -> tuple[int, int, int, int]:
        return answer["rows"], answer["accepted"], answer["duplicates"], answer["rejected"]

    def select(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(self.data / "tailorbird.db")
        found = connection.execute(sql).fetchall()
        connection.close()
        return found

    def people(self) -> dict[str, dict[str, Any]]:
        """Known id → attributes."""
        profiles = [json.loads(body) for (body,) in self.select("SELECT body FROM profiles")]
        return {name: profile.get("attributes", {}) for profile in profiles for name in profile.get("ids", [])}

    def events(self) -> list[str]:
        return [row[0] for row in self.select("SELECT id FROM events ORDER BY seq")]

    def items(self) -> dict[str, Any]:
        return {name: json.loads(body) for name, body in self.select("SELECT id, body FROM items")}

    def rejected(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))
