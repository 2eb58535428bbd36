"""Campaigns as code at the command line: the plan first, then all of it or nothing, here and over HTTP."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.cli.commands import COMMAND, SECONDS, Done, environment, serving, tailorbird, told

FILE = """# written by hand
tailorbird: 1
project: my-shop
goals:
  order: {name: Order, event: order}
campaigns:
  hero:
    name: Hero
    status: running
    control: 10
    goals: [{goal: order, role: primary}]
    rules:
      - name: Everybody
        audience: everyone
        experiences:
          - {name: A, weight: 1, content: {body: {shown: A}}}
          - {name: B, weight: 1, content: {body: {shown: B}}}
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "shop.yaml").write_text(FILE, encoding="utf-8")
    told("project", "create", "My shop", "--json", cwd=folder)
    done = tailorbird("apply", "shop.yaml", "--yes", "--author", "ann", cwd=folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "+ goal order",
        "+ campaign hero",
        "",
        "my-shop: 2 to create, 0 unchanged.",
        "Applied.",
    ]
    return folder


@pytest.fixture
def folder(tmp_path: Path, prepared: Path) -> Path:
    """A folder with a project that is as ``shop.yaml`` says."""
    return shutil.copytree(prepared, tmp_path / "work")


def edit(folder: Path, *changes: tuple[str, str], file: str = "shop.yaml") -> None:
    text = (folder / file).read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (folder / file).write_text(text, encoding="utf-8")


def piped(folder: Path, text: str, *words: str) -> Done:
    done = subprocess.run(
        [COMMAND, *words], cwd=folder, env=environment(), input=text, capture_output=True, text=True, timeout=SECONDS
    )
    return Done(done.returncode, done.stdout, done.stderr)


WEIGHTS = (("name: A, weight: 1", "name: A, weight: 3"), ("control: 10", "control: 12.5"))
PLAN = """~ campaign hero
    control: 10 -> 12.5
    rules[Everybody].experiences[A].weight: 1 -> 3
    250 of 10,000 slots, 2.5 % of visitors, pass between control and the experiences
    rule Everybody: 2,500 of 10,000 slots, 25 % of its visitors, move to another experience; epoch 1 begins

my-shop: 1 to change, 1 unchanged.
"""


def test_nothing_differs_and_nothing_is_asked(folder: Path) -> None:
    for words in ((), ("--check",), ("--yes",)):
        done = tailorbird("apply", "shop.yaml", *words, cwd=folder)
        assert done == Done(0, "my-shop is as the file says: 2 unchanged.\n", "")


def test_the_plan_says_who_moves_and_a_check_ends_with_3_and_changes_nothing(folder: Path) -> None:
    edit(folder, *WEIGHTS)
    for _ in range(2):
        done = tailorbird("apply", "shop.yaml", "--check", cwd=folder)
        assert done == Done(3, PLAN, "tailorbird: my-shop is not as shop.yaml says.\n")


def test_without_yes_and_without_somebody_to_ask_nothing_is_done(folder: Path) -> None:
    edit(folder, *WEIGHTS)
    done = piped(folder, "y\n", "apply", "shop.yaml")
    assert (done.code, done.out) == (2, PLAN)
    assert "say --yes" in done.err
    done = tailorbird("apply", "shop.yaml", "--yes", cwd=folder)
    assert done == Done(0, f"{PLAN}Applied.\n", "")
    assert tailorbird("apply", "shop.yaml", "--check", cwd=folder).code == 0


@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("yes", 0), ("n", 3), ("", 3)])
def test_somebody_at_a_terminal_is_asked(folder: Path, reply: str, code: int) -> None:
    edit(folder, *WEIGHTS)
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "apply", "shop.yaml"],
        cwd=folder,
        env=environment(),
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(leader, f"{reply}\n".encode())
        out, err = process.communicate(timeout=SECONDS)
    os.close(leader)
    os.close(follower)
    assert out.startswith(f"{PLAN}Apply this to my-shop? [y/N] ")
    assert process.returncode == code
    assert ("Applied." in out) is (code == 0)
    assert tailorbird("apply", "shop.yaml", "--check", cwd=folder).code == (0 if code == 0 else 3), err


def test_scripts_get_the_plan_as_json(folder: Path) -> None:
    edit(folder, *WEIGHTS)
    seen = tailorbird("apply", "shop.yaml", "--check", "--json", cwd=folder)
    assert seen.code == 3
    plan = json.loads(seen.out)
    (step,) = [step for step in plan["steps"] if step["action"] == "change"]
    assert (plan["differs"], plan["applied"], step["key"]) == (True, False, "hero")
    assert (step["control_moved"], step["moves"][0]["moved"], step["moves"][0]["share"]) == (250, 2_500, 25.0)
    done = told("apply", "shop.yaml", "--yes", "--json", cwd=folder)
    assert (done["applied"], done["steps"]) == (True, plan["steps"])
    assert told("apply", "shop.yaml", "--check", "--json", cwd=folder)["differs"] is False
    assert tailorbird("apply", "shop.yaml", "--json", cwd=folder).code == 2


def test_an_export_comes_back_with_ids_salts_and_ranges(folder: Path) -> None:
    printed = tailorbird("export", "my-shop", cwd=folder)
    assert printed.code == 0
    assert tailorbird("export", "my-shop", "--out", "all.yaml", cwd=folder).out == "Wrote all.yaml.\n"
    assert tailorbird("export", "my-shop", "--out", ".", cwd=folder).out == "Wrote my-shop.yaml.\n"
    assert (folder / "all.yaml").read_text() == (folder / "my-shop.yaml").read_text() == printed.out
    hero = yaml.safe_load(printed.out)["campaigns"]["hero"]
    assert sorted(hero["rules"][0]["ranges"].values()) == [[[0, 5000]], [[5000, 10000]]]
    assert hero["salt"]
    assert tailorbird("apply", "all.yaml", "--check", cwd=folder).code == 0
    assert piped(folder, printed.out, "apply", "-", "--check").code == 0


def test_a_project_moves_to_another_server_with_its_ranges(folder: Path, tmp_path: Path) -> None:
    edit(folder, *WEIGHTS)
    tailorbird("apply", "shop.yaml", "--yes", cwd=folder)
    tailorbird("export", "my-shop", "--out", "all.yaml", cwd=folder)
    other = str(tmp_path / "elsewhere")
    told("project", "create", "Second", "--json", "--data", other)
    done = tailorbird("apply", "all.yaml", "--project", "second", "--yes", "--data", other, cwd=folder)
    assert (done.code, done.err) == (0, "")
    exported = tailorbird("export", "second", "--data", other).out
    assert exported.replace("second", "my-shop") == (folder / "all.yaml").read_text()


def test_json_is_read_too(folder: Path) -> None:
    told_ = {**yaml.safe_load(FILE), "templates": {"t": {"name": "\U0001f389", "content": {"body": 1}}}}
    (folder / "shop.json").write_text(json.dumps(told_))
    assert tailorbird("apply", "shop.json", "--check", cwd=folder).out.startswith("+ template t\n")


def test_pruning_deletes_what_the_file_does_not_have(folder: Path) -> None:
    edit(folder, ("status: running", "status: paused"))
    tailorbird("apply", "shop.yaml", "--yes", cwd=folder)
    (folder / "shop.yaml").write_text("tailorbird: 1\nproject: my-shop\ncampaigns: {}\n")
    assert tailorbird("apply", "shop.yaml", "--check", cwd=folder).code == 0
    done = tailorbird("apply", "shop.yaml", "--yes", "--prune", cwd=folder)
    assert done.out.splitlines() == ["- campaign hero", "", "my-shop: 1 to delete, 0 unchanged.", "Applied."]


@pytest.mark.parametrize(
    ("before", "after", "err"),
    [
        ("    control: 10", "    control: 500", "line 10: campaigns.hero.control: expected 0 to 100 percent"),
        ("    control: 10", "    contorl: 10", "line 10: campaigns.hero.contorl: contorl is not known here."),
        ("goal: order,", "goal: nope,", "line 11: campaigns.hero.goals[0].goal: expected the key or id of a goal"),
        ("shown: A", 'shown: "{{ a"', "line 16: campaigns.hero.rules[0].experiences[0].content.body.shown: "),
        ("tailorbird: 1", "tailorbird: 9", "line 2: tailorbird: expected 1"),
        ("  hero:\n", "  hero: [\n", "line 9: This is not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(folder: Path, before: str, after: str, err: str) -> None:
    edit(folder, (before, after))
    done = tailorbird("apply", "shop.yaml", "--yes", cwd=folder)
    assert (done.code, done.out) == (2, "")
    first, last = done.err.splitlines()
    assert first.startswith(f"shop.yaml: {err}")
    assert last == "tailorbird: 1 thing is wrong with shop.yaml. Nothing was changed."


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    edit(folder, ("event: order}", "event: ''}"), ("control: 10", "control: -1"))
    done = tailorbird("apply", "shop.yaml", "--check", cwd=folder)
    assert done.code == 2
    assert done.err.splitlines()[-1] == "tailorbird: 1 thing is wrong with shop.yaml. Nothing was changed."
    edit(folder, ("name: Order", "nmae: Order"), ("audience: everyone", "audience: nobody"))
    lines = tailorbird("apply", "shop.yaml", "--check", cwd=folder).err.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1]] == ["line 5", "line 14"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("apply", "nothing.yaml"), 1, "nothing.yaml: No such file or directory"),
        (("apply", "shop.yaml", "--project", "nope", "--check"), 1, "There is no project 'nope'."),
        (("apply", "shop.yaml", "--url", "server"), 2, "--url takes an address such as https://"),
        (
            ("apply", "shop.yaml", "--url", "http://127.0.0.1:9"),
            2,
            "--url needs a --key, or the variable TAILORBIRD_KEY",
        ),
        (("apply", "shop.yaml", "--url", "http://127.0.0.1:9", "--key", "k"), 1, "http://127.0.0.1:9 does not answer"),
        (("apply", "shop.yaml", "--url", "http://h", "--key", "k", "--author", "me"), 2, "--author is for the data"),
        (("export", "nope"), 1, "There is no project 'nope'."),
        (("export", "my-shop", "--out", "no/where.yaml"), 2, "There is no folder no."),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = tailorbird(*words, cwd=folder)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"tailorbird: {sentence}")
    assert done.err.count("\n") == 1


def test_a_file_that_names_no_project_needs_one_to_be_named(folder: Path) -> None:
    edit(folder, ("project: my-shop\n", ""))
    assert "names no project" in tailorbird("apply", "shop.yaml", "--check", cwd=folder).err
    assert tailorbird("apply", "shop.yaml", "--check", "--project", "my-shop", cwd=folder).code == 0


# -- over HTTP: a pipeline has an address and a key -------------------------------------------------------------------


class Pipeline(NamedTuple):
    """A folder with the file, and a server that has the project."""

    folder: Path
    address: str
    #: scope → secret of a key that has it
    secrets: dict[str, str]

    def run(self, *words: str, scope: str = "manage") -> Done:
        more = {"TAILORBIRD_KEY": self.secrets[scope]}
        return tailorbird(*words, "--url", self.address, cwd=self.folder, **more)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Pipeline]:
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("served") / "work")
    secrets = {
        scope: told("key", "create", "my-shop", "--scope", scope, "--client", scope, cwd=folder)["secret"]
        for scope in ("manage", "read")
    }
    with serving("--data", str(folder / "tailorbird-data"), TAILORBIRD_ACCESS_LOG="false") as server:
        yield Pipeline(folder, server.address, secrets)


def test_a_check_a_change_and_a_check_over_http(pipeline: Pipeline) -> None:
    assert pipeline.run("apply", "shop.yaml", "--check").code == 0
    edit(pipeline.folder, *WEIGHTS)
    seen = pipeline.run("apply", "shop.yaml", "--check")
    assert seen == Done(3, PLAN, "tailorbird: my-shop is not as shop.yaml says.\n")
    assert pipeline.run("apply", "shop.yaml", "--yes") == Done(0, f"{PLAN}Applied.\n", "")
    assert pipeline.run("apply", "shop.yaml", "--check").code == 0


def test_an_export_is_the_same_from_both_sides(pipeline: Pipeline) -> None:
    over = pipeline.run("export", "my-shop", "--members")
    assert (over.code, over.err) == (0, "")
    assert over.out == tailorbird("export", "my-shop", "--members", cwd=pipeline.folder).out


def test_what_is_wrong_is_told_with_file_line_and_field_over_http(pipeline: Pipeline) -> None:
    (pipeline.folder / "wrong.yaml").write_text(FILE.replace("control: 10", "control: 500"), encoding="utf-8")
    done = pipeline.run("apply", "wrong.yaml", "--yes")
    assert done.code == 2
    assert done.err.startswith("wrong.yaml: line 10: campaigns.hero.control: expected 0 to 100 percent")


def test_a_key_without_the_scope_may_not(pipeline: Pipeline) -> None:
    for words in (("apply", "shop.yaml", "--check"), ("export", "my-shop")):
        done = pipeline.run(*words, scope="read")
        assert (done.code, done.out) == (1, "")
        assert done.err == f"tailorbird: {pipeline.address}: 403 The key lacks the scope 'manage'.\n"


def test_another_project_is_not_found(pipeline: Pipeline) -> None:
    done = pipeline.run("apply", "shop.yaml", "--check", "--project", "other")
    assert done.code == 1
    assert "404 There is no project 'other' for this key." in done.err
