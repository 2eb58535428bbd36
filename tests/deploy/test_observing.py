"""Alerts and dashboard ask for what a started server tells: its metrics, their labels, and values that these take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tailorbird.domain.reasons import Reason
from tests.architecture import pages
from tests.architecture.sources import ROOT
from tests.cli.commands import Server
from tests.deploy.shop import open_shop, start_campaign

ALERTS = ROOT / "deploy" / "prometheus-alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
GUIDE = ROOT / "docs" / "deploy.md"

#: labels that Prometheus itself adds
SCRAPED = {"job", "instance"}
OUTCOMES = {"accepted", "duplicate", "conflict", "rejected"}


class Selector(NamedTuple):
    """One metric as an expression asks for it: label, operator, value."""

    metric: str
    matchers: list[tuple[str, str, str]]


def alerts() -> list[dict[str, Any]]:
    (group,) = msgspec.yaml.decode(ALERTS.read_bytes())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_bytes())["panels"])


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))
    yield from (variable["query"]["query"] for variable in variables() if variable["type"] == "query")


def variables() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_bytes())["templating"]["list"])


def selectors(expression: str) -> Iterator[Selector]:
    for metric, inside in re.findall(r"\b(tailorbird_\w+)(?:\{([^}]*)\})?", expression):
        yield Selector(metric, re.findall(r'(\w+)(=~|!=|!~|=)"([^"]*)"', inside))


def asked() -> list[Selector]:
    return [selector for expression in expressions() for selector in selectors(expression)]


def samples(server: Server) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a server tells now: the name and labels of each sample, and its value."""
    families = text_string_to_metric_families(httpx.get(f"{server.address}/metrics").text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every sample of a server that was used a little → its labels."""
    shop = open_shop(tmp_path_factory.mktemp("observed"))
    with shop.served() as server:
        start_campaign(server, shop)
        server.good("POST", "/v1/decide", shop.secret, {"visitor": {"id": "anna"}, "campaigns": ["hero"]})
        event = {"id": "e1", "name": "order", "visitor": {"id": "anna"}}
        server.good("POST", "/v1/events", shop.secret, {"events": [event]})
        text = httpx.get(f"{server.address}/metrics").text
    families = text_string_to_metric_families(text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def test_selectors_are_found() -> None:
    (one, other) = selectors('sum(rate(tailorbird_a_total{route="/x",status!~"5.."}[5m])) / tailorbird_b')
    assert one == Selector("tailorbird_a_total", [("route", "=", "/x"), ("status", "!~", "5..")])
    assert other == Selector("tailorbird_b", [])
    assert len(asked()) > 30


def test_every_metric_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    assert not {selector.metric for selector in asked()} - set(told)
    assert "tailorbird_made_up_total" not in told


def test_every_label_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    for metric, matchers in asked():
        assert {label for label, _, _ in matchers} <= told[metric] | SCRAPED, metric
    for expression in expressions():
        for labels in re.findall(r"\bby \(([^)]*)\)", expression):
            metrics = [selector.metric for selector in selectors(expression)]
            grouped = {label.strip() for label in labels.split(",")}
            assert all(grouped <= told[metric] | SCRAPED for metric in metrics), expression


def test_values_that_are_asked_for_exist() -> None:
    known = {
        "reason": {reason.value for reason in Reason},
        "outcome": OUTCOMES,
        "route": {"/v1/decide", "/v1/events"},
        "status": {"200", "429"},
    }
    exact = [(label, value) for _, matchers in asked() for label, how, value in matchers if how in ("=", "!=")]
    assert exact
    assert [pair for pair in exact if pair[1] not in known[pair[0]]] == []


def test_what_alerts_ask_for_is_counted_from_the_start(tmp_path: Path) -> None:
    with open_shop(tmp_path).served() as server:
        found = samples(server)
    assert found["tailorbird_store_up", frozenset()] == 1
    assert found["tailorbird_breaker_trips_total", frozenset()] == 0
    wanted = [("tailorbird_decisions_total", ("reason", reason.value)) for reason in Reason]
    wanted += [("tailorbird_events_total", ("outcome", outcome)) for outcome in OUTCOMES]
    assert all(found[name, frozenset({label})] == 0 for name, label in wanted)
    statuses = [{"route": "/v1/events", "method": "POST", "status": status} for status in ("200", "429", "500", "503")]
    assert all(found["tailorbird_http_requests_total", frozenset(one.items())] == 0 for one in statuses)


def test_alerts_say_how_bad_and_what() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names))
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]


def test_the_guide_says_what_to_do_about_each_alert() -> None:
    rows = re.findall(r"^\| `(Tailorbird\w+)` \|", pages.read(GUIDE), re.MULTILINE)
    assert rows == [rule["alert"] for rule in alerts()]


def test_the_dashboard_can_be_read() -> None:
    board = json.loads(DASHBOARD.read_bytes())
    assert [panel["id"] for panel in panels()] == list(range(1, len(panels()) + 1))
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["type"] == "row" or panel["targets"], panel["title"]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board["panels"]))) - {"__rate_interval"}
    assert used == {variable["name"] for variable in variables()}


def test_files_name_no_server() -> None:
    for path in (ALERTS, DASHBOARD):
        assert not re.search(r"https?://", path.read_text(encoding="utf-8"))
