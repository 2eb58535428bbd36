"""The guide on campaigns as code does what it says, from the first file to the workflow."""

import json
from pathlib import Path

import yaml

from tailorbird.settings import Settings
from tests.architecture import pages
from tests.architecture.pages import Block
from tests.architecture.sources import ROOT
from tests.guides.shell import Shell, server, shell
from tests.guides.test_guides import differences, steps

PAGE = ROOT / "docs" / "guides" / "campaigns-as-code.md"
ADDRESS = f"http://127.0.0.1:{Settings().port}"


def check(block: Block, answer: Block | None, output: str) -> None:
    where = f"{PAGE.name}, line {block.line}"
    if answer is None:
        assert not output.strip(), f"{where}: prints something that the guide does not show"
    elif answer.info == "json":
        assert differences(json.loads(answer.text), json.loads(output)) == [], where
    else:
        assert output.strip() == answer.text.strip(), where


def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    walk = steps(PAGE)
    (begin,) = [number for number, (block, _) in enumerate(walk) if block.info == "sh serve"]
    assert (begin, len(walk)) == (3, 11)
    with shell(tmp_path) as terminal:
        for block, answer in walk[:begin]:
            check(block, answer, terminal.run(block.text))
        with server(tmp_path, walk[begin][0].text) as base:
            for block, answer in walk[begin + 1 :]:
                check(block, answer, terminal.run(block.text.replace(ADDRESS, base)))
            check_workflow(terminal)


def check_workflow(terminal: Shell) -> None:
    """Each step of the workflow, when the file differs from the project and when it does not."""
    (block,) = [block for block in pages.blocks(PAGE) if block.info == "yaml workflow"]
    (job,) = yaml.safe_load(block.text)["jobs"].values()
    runs = {step["name"]: step["run"] for step in job["steps"] if "name" in step}
    assert list(runs) == ["Show the plan", "Apply", "Notice drift"]
    terminal.run("sed -i.bak 's/Blue, weight: 3/Blue, weight: 4/' campaigns.yaml")
    assert "1 to change" in terminal.run(runs["Show the plan"])
    assert terminal.run(f"{runs['Notice drift']} || echo drift").strip().endswith("\ndrift")
    assert "Applied." in terminal.run(runs["Apply"])
    assert "2 unchanged" in terminal.run(runs["Notice drift"])
    terminal.run("sed -i.bak 's/control: 10/control: 500/' campaigns.yaml")
    assert terminal.run(f"({runs['Show the plan']}) || echo refused").strip() == "refused"


def test_the_exit_codes_of_the_guide_are_those_of_the_command() -> None:
    from tailorbird.cli import errors

    table = pages.read(PAGE).partition("| Exit code of `apply` |")[2].partition("\n\n")[0]
    assert [line[2] for line in table.splitlines()[2:]] == ["0", "1", "2", "3"]
    assert (errors.FAILED, errors.USAGE, errors.DRIFT) == (1, 2, 3)
