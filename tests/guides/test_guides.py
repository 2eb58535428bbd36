"""The guides do what they say: commands are run as a reader would, definitions are compiled as a server would."""

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import msgspec
import pytest

from tailorbird.decision import compile_plan, compile_schedule, readiness, settle_ranges
from tailorbird.domain.campaign import Campaign, Schedule
from tailorbird.domain.definitions import Audience
from tailorbird.domain.errors import Invalid
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.calls import Answer
from tailorbird.settings import Settings
from tailorbird.targeting import EMPTY_LIBRARY, IdList, Subject, compile_audiences, compile_condition, operators
from tests.architecture import pages
from tests.architecture.pages import Block
from tests.architecture.sources import ROOT
from tests.guides.shell import server, shell

GUIDES = ROOT / "docs" / "guides"
FIRST = GUIDES / "first-campaign-by-api.md"
ANYTHING = "…"
UTC = ZoneInfo("UTC")


def differences(shown: Any, real: Any, path: str = "$") -> list[str]:
    """Where an answer as a guide shows it is not what came; members that the guide leaves out do not count."""
    if shown == ANYTHING:
        return []
    if isinstance(shown, dict) and isinstance(real, dict):
        gone = [f"{path}.{name}: missing" for name in shown if name not in real]
        kept = ((name, part) for name, part in shown.items() if name in real)
        return gone + [each for name, part in kept for each in differences(part, real[name], f"{path}.{name}")]
    if isinstance(shown, list) and isinstance(real, list):
        if len(shown) != len(real):
            return [f"{path}: {len(shown)} shown, {len(real)} came"]
        pairs = enumerate(zip(shown, real, strict=True))
        return [each for index, (one, other) in pairs for each in differences(one, other, f"{path}[{index}]")]
    same = shown == real and isinstance(shown, bool) == isinstance(real, bool)
    return [] if same else [f"{path}: {shown!r} shown, {real!r} came"]


@pytest.mark.parametrize(
    ("shown", "real", "count"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ({"a": ANYTHING}, {"a": [1]}, 0),
        ({"a": ANYTHING}, {}, 1),
        ({"a": [1]}, {"a": [1, 2]}, 1),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, 1),
        ({"a": 1}, {"a": True}, 1),
        (None, None, 0),
    ],
)
def test_answers_are_compared_by_what_the_guide_shows(shown: Any, real: Any, count: int) -> None:
    assert len(differences(shown, real)) == count


def steps(page: Path) -> list[tuple[Block, Block | None]]:
    """Each block of commands with the answer that follows it."""
    found: list[tuple[Block, Block | None]] = []
    for block in pages.blocks(page):
        if block.info.partition(" ")[0] == "sh":
            found.append((block, None))
        elif found and found[-1][1] is None:
            found[-1] = (found[-1][0], block)
    return found


def test_the_first_guide_does_what_it_says(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{Settings().port}"
    assert address in pages.read(FIRST)
    walk = steps(FIRST)
    ((start, _),) = [step for step in walk if step[0].info == "sh serve"]
    before = [step for step in walk if step[0].line < start.line and step[0].info == "sh"]
    after = [step for step in walk if step[0].line > start.line]
    assert len(before) == 2
    assert len(after) > 12
    with shell(tmp_path) as terminal:
        for block, answer in before:
            check(block, answer, terminal.run(block.text))
        with server(tmp_path, start.text) as base:
            for block, answer in after:
                check(block, answer, terminal.run(block.text.replace(address, base)))


def check(block: Block, answer: Block | None, output: str) -> None:
    """The output is the answer that the guide shows; commands that print show their answer."""
    where = f"{FIRST.name}, line {block.line}"
    if answer is None:
        assert not output.strip(), f"{where}: prints something that the guide does not show"
    elif answer.info == "json":
        assert differences(json.loads(answer.text), json.loads(output)) == [], where
    else:
        assert output.strip() == answer.text.strip(), where


# -- definitions ------------------------------------------------------------------------------------------------------

LIBRARY, _ = compile_audiences(
    [
        Audience(name="Gold", key="gold", id="aaaaa", condition={"plan": "gold"}),
        Audience(name="Employees", key="employees", id="bbbbb", condition={"staff": True}),
        Audience(name="Newsletter", key="newsletter", id="ccccc", type="list"),
    ],
    {"ccccc": IdList.of(["anna"])},
)


def examples(kind: str) -> list[Any]:
    """The JSON blocks of one kind in all guides."""
    return [
        pytest.param(json.loads(block.text), id=f"{page.stem}:{block.line}")
        for page in sorted(GUIDES.glob("*.md"))
        for block in pages.blocks(page)
        if block.info == f"json {kind}"
    ]


def test_there_are_examples_of_every_kind() -> None:
    assert [bool(examples(kind)) for kind in ("condition", "campaign", "schedule")] == [True] * 3


@pytest.mark.parametrize("tree", examples("condition"))
def test_conditions_in_guides_compile(tree: dict[str, Any]) -> None:
    assert not compile_condition(tree, LIBRARY).warnings


@pytest.mark.parametrize("body", examples("campaign"))
def test_campaigns_in_guides_compile_and_are_ready(body: dict[str, Any]) -> None:
    campaign = msgspec.convert(body, Campaign)
    numbers = iter(range(10_000, 99_999))
    rules = tuple(
        msgspec.structs.replace(
            rule,
            id=str(next(numbers)),
            experiences=tuple(msgspec.structs.replace(e, id=str(next(numbers))) for e in rule.experiences),
        )
        for rule in campaign.rules
    )
    settled = settle_ranges(msgspec.structs.replace(campaign, rules=rules, id="abcde", key="example"), None)
    assert not compile_plan(settled, library=EMPTY_LIBRARY, zone=UTC).warnings
    assert not readiness(settled, global_goals=False)


@pytest.mark.parametrize("body", examples("schedule"))
def test_schedules_in_guides_compile(body: dict[str, Any]) -> None:
    assert not compile_schedule(msgspec.convert(body, Schedule), UTC).always


def test_an_example_that_does_not_compile_is_noticed() -> None:
    with pytest.raises(Invalid):
        compile_condition({"plan": {"$inn": ["gold"]}}, LIBRARY)


# -- operating --------------------------------------------------------------------------------------------------------


def test_guides_name_the_port_that_the_server_listens_on() -> None:
    named = {port for page in pages.written() for port in re.findall(r"127\.0\.0\.1:(\d+)", pages.read(page))}
    assert named == {str(Settings().port)}


# -- contributing -----------------------------------------------------------------------------------------------------


def test_the_walk_through_an_operator_works(monkeypatch: pytest.MonkeyPatch) -> None:
    code = {block.info: block.text for block in pages.blocks(ROOT / "CONTRIBUTING.md") if " " in block.info}
    case = json.loads(code["json case"])
    schema = json.loads((ROOT / "spec" / "targeting" / "schema.json").read_text(encoding="utf-8"))
    assert jsonschema_rs.validator_for(schema).is_valid(case)
    with pytest.raises(Invalid):
        compile_condition(case["condition"], EMPTY_LIBRARY)
    room = dict(vars(operators))
    exec(code["python operator"], room)  # noqa: S102 - what the page tells people to write
    makers, opposites = (line.partition("#")[0].strip() for line in code["python tables"].splitlines())
    for table, entry in ((operators.MAKERS, makers), (operators.OPPOSITES, opposites)):
        for name, value in eval(f"{{{entry}}}", room).items():  # noqa: S307 - likewise
            monkeypatch.setitem(table, name, value)
    asked = {True: case["condition"], False: {"page": {"$notStartsWith": "/shoes"}}}
    for check_ in case["checks"]:
        attributes = check_.get("patch", case["situation"])["context"]["attributes"]
        for positive, condition in asked.items():
            subject = Subject(Context(visitor=Visitor(id="ada"), now=0, attributes=attributes))
            assert compile_condition(condition, EMPTY_LIBRARY).match(subject) is (check_["matches"] is positive)


def test_the_walk_names_files_that_exist() -> None:
    text = pages.read(ROOT / "CONTRIBUTING.md")
    named = set(
        re.findall(r"`((?:src|tests|spec|docs|domain|targeting|settings|store|templates|cli|web)/[\w./]*)`", text)
    )
    made = {"spec/targeting/text_begins_with.json"}
    homes = (ROOT, ROOT / "src" / "tailorbird")
    assert len(named) > 8
    assert [name for name in sorted(named - made) if not any((home / name).exists() for home in homes)] == []


# -- readme -----------------------------------------------------------------------------------------------------------


def test_the_readme_shows_two_commands_then_one_call_with_its_answer() -> None:
    setup, call, answer = pages.blocks(ROOT / "README.md")
    assert [line.partition("#")[0].split() for line in setup.text.splitlines()] == [["make", "demo"], ["make", "test"]]
    asked = json.loads(re.findall(r"-d '(.*)'", call.text)[0])
    answered = msgspec.json.decode(answer.text, type=Answer)
    assert [decision.campaign for decision in answered.decisions] == asked["campaigns"]
    assert answered.decisions[0].explanation is not msgspec.UNSET


def test_the_readme_s_call_is_about_the_demo() -> None:
    _, call, answer = pages.blocks(ROOT / "README.md")
    (decision,) = json.loads(answer.text)["decisions"]
    demo = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/tailorbird/cli/demo").glob("*.py"))
    assert "/v1/decide" in call.text
    assert f'"{decision["campaign"]}"' in demo
    assert f'"{decision["experience"]}"' in demo
    assert decision["payload"]["text"] in demo
