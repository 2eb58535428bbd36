"""Questions about a time open the files of its days only, and lose nothing by it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.lake import session as sessions
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.spans import spans
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.lake import reading
from tests.lake.standing_world import GOALS, PEOPLE, Crowd, assert_same
from tests.lake.threaded import Threaded
from tests.store.small_fold import DAY, NOW, SHOP, SmallFold

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

SINCE, UNTIL = NOW - 12 * DAY + 5, NOW - 3 * DAY + 7
PERIOD = msgspec.structs.replace(PEOPLE, since=SINCE, until=UNTIL)
WIDGET = ask.By(dimension="click", name="campaign")
QUESTIONS: tuple[ask.Question, ...] = (
    ask.Campaign(people=PERIOD, goals=GOALS[:3]),
    ask.Campaign(people=PERIOD, goals=GOALS[:1], attribution="click", crossed=False),
    ask.Campaign(people=msgspec.structs.replace(PERIOD, until=None), goals=GOALS[1:3], mature=True, now=NOW),
    ask.Campaign(people=PERIOD, goals=GOALS[:1], by=WIDGET),
    ask.Campaign(people=msgspec.structs.replace(PERIOD, only=(ask.Only(by=WIDGET, values=("hero",)),))),
    ask.Campaign(people=msgspec.structs.replace(PERIOD, exclude_crossed=True), goals=GOALS[:1]),
    ask.Series(people=PERIOD, goal=GOALS[2], attribution="view", step="day"),
    ask.Summary(goals=GOALS[:3], since=SINCE, until=UNTIL),
    ask.Summary(goals=GOALS[:1], begun={"camp1": SINCE}),
    ask.Overlap(),
    ask.Catalogue(since=SINCE, until=UNTIL),
)


def _rows(answer: dict[str, list[dict[str, Any]]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """Tables, each row under what of it is text or a whole number."""
    return {
        name: {tuple((key, row[key]) for key in sorted(row) if not isinstance(row[key], float)): row for row in rows}
        for name, rows in answer.items()
    }


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_is_what_all_days_come_to(
    store: Store, fold: SmallFold, keeper: Threaded, session: Threaded, question: ask.Question,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    crowd = Crowd(random.Random(str(question)).randrange(1000))
    await store.commit([crowd.entry() for _ in range(150)], fold)
    await keeper.turn(Rules(grace=0))
    await store.commit([crowd.entry() for _ in range(50)], fold)
    narrow = _rows(await session.run(SHOP, question))
    monkeypatch.setattr(sessions, "spans", lambda question: {})
    whole = _rows(await session.run(SHOP, question))
    assert narrow.keys() == whole.keys()
    assert any(whole.values())
    for name, rows in whole.items():
        assert_same(name, narrow[name], rows)


async def test_other_days_are_not_opened(
    tmp_path: Path, store: Store, fold: SmallFold, keeper: Threaded, session: Threaded
) -> None:
    crowd = Crowd(1)
    await store.commit([crowd.entry() for _ in range(150)], fold)
    await keeper.turn(Rules(grace=0))
    asked = ask.Campaign(people=PERIOD, goals=GOALS[:1])
    before = await session.run(SHOP, asked)
    least, beyond = (time // DAY for time in (SINCE, UNTIL))
    gone = 0
    for path in reading.counted(tmp_path / "lake"):
        day = (NOW - 40 * DAY) // DAY
        while f"day={_date(day)}" not in path:
            day += 1
        if "/events/" in path and not least - 1 <= day <= beyond:
            (tmp_path / "lake" / path).unlink()
            gone += 1
    assert gone > 5
    assert _rows(await session.run(SHOP, asked)) == _rows(before)
    with pytest.raises(Exception, match=r"No files found|No such file"):
        await session.run(SHOP, ask.Campaign(people=msgspec.structs.replace(PERIOD, since=None), goals=GOALS[:1]))


def _date(day: int) -> str:
    from datetime import UTC, datetime

    return str(datetime.fromtimestamp(day * 86_400, UTC).date())


def test_a_question_about_clicks_needs_all_of_them(backend: object) -> None:
    assert spans(QUESTIONS[0])["events"] == (SINCE - 3 * DAY, UNTIL)
    assert "events" not in spans(QUESTIONS[3])
    assert "events" not in spans(QUESTIONS[4])
