"""Real logs of a shop that showed items at random and by Thompson sampling, replayed through the public API.

Open Bandit Dataset, ZOZO, Inc. (Apache-2.0 sample of github st-tech/zr-obp; full set CC BY 4.0). The logs are not part
of this repository; the test runs where they are at hand.
"""

from __future__ import annotations

import csv
import gzip
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.results.conftest import BASE, Shop, arms_of, rule

LOGS = Path(os.environ.get("TAILORBIRD_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "obd"
#: policy → position → clicks
KNOWN = {"random": {"1": 10, "2": 22, "3": 14}, "bts": {"1": 30, "2": 21, "3": 18}}

pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason="the Open Bandit logs are not here")


def logged(policy: str) -> list[dict[str, str]]:
    with gzip.open(LOGS / f"{policy}_men.csv.gz", "rt", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def facts_of(policy: str, number: int, line: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An exposure, with its impression and perhaps its click."""
    at = round(datetime.fromisoformat(line["timestamp"]).replace(tzinfo=UTC).timestamp() * 1000)
    visitor = {"id": f"{policy}-{number}"}
    exposure = {
        "visitor": visitor,
        "campaign": "men",
        "experience": policy,
        "time": at,
        "facts": {"attributes": {"position": int(line["position"])}},
    }
    told = {"visitor": visitor, "time": at, "properties": {"campaign": "men", "item": line["item_id"]}}
    events = [{"id": f"i-{policy}-{number}", "name": "impression", **told}]
    if line["click"] == "1":
        events.append({"id": f"c-{policy}-{number}", "name": "click", **told})
    return exposure, events


async def test_reports_have_the_counts_of_the_logs(shop: Shop) -> None:
    await shop.make("goals", name="Clicked", event="click")
    told: dict[str, Any] = {
        "control": 0,
        "rules": [rule("All", "random", "bts")],
        "goals": [{"goal": "clicked", "role": "primary"}],
    }
    await shop.campaign("men", **told)
    logs = {policy: logged(policy) for policy in KNOWN}
    replayed = [facts_of(policy, n, line) for policy, lines in logs.items() for n, line in enumerate(lines)]
    await shop.bring([exposure for exposure, _ in replayed], [event for _, events in replayed for event in events])

    positions = sorted({line["position"] for line in logs["random"]})
    shown = {policy: [line["position"] for line in lines] for policy, lines in logs.items()}
    report = await shop.results("men", by="attribute:position")
    assert report["people"] == sum(len(lines) for lines in logs.values()) == 20_000
    groups = {group["value"]: arms_of(group, "clicked") for group in report["groups"]}
    assert sorted(groups) == positions == ["1", "2", "3"]
    for policy, clicks in KNOWN.items():
        found = {position: arms["All", policy] for position, arms in groups.items()}
        assert {position: arm["clicks"] for position, arm in found.items()} == clicks
        assert {position: arm["reached"]["conversions"] for position, arm in found.items()} == clicks
        assert {p: arm["impressions"] for p, arm in found.items()} == {p: shown[policy].count(p) for p in positions}
    whole = arms_of(report, "clicked")
    assert (whole["All", "random"]["clicks"], whole["All", "bts"]["clicks"]) == (46, 69)
    (line,) = (await shop.ask("GET", f"{BASE}/results")).json()["campaigns"]
    assert (line["people"], line["goal"]) == (20_000, "clicked")
    items = (await shop.ask("GET", f"{BASE}/results/items")).json()["items"]
    assert (sum(item["shown"] for item in items), sum(item["clicked"] for item in items)) == (20_000, 115)
