"""The demo as a user starts it: once for the whole file, since it loads a year."""

import json
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tailorbird.cli.demo import definitions, retail, shop, state
from tests.cli.commands import COMMAND, Done, Server, environment, serving, tailorbird, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def first(folder: Path) -> Done:
    return tailorbird("demo", "--once", "--data", str(folder))


@pytest.fixture(scope="module")
def again(folder: Path, first: Done) -> Iterator[Server]:
    """The second start, which keeps serving."""
    process = subprocess.Popen(
        [COMMAND, "demo", "--data", str(folder), "--port", "0"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process)
    assert process.stdout is not None
    for line in process.stdout:
        server.greeting.append(line.rstrip("\n"))
        if line.startswith("Serving."):
            break
    assert server.greeting, process.communicate()
    server.address = next(line.split()[1] for line in server.greeting if line.startswith("  address "))
    yield server
    if process.poll() is None:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def secret(folder: Path, first: Done) -> str:
    held = state.read(folder)
    assert held is not None
    return held.secret


def test_the_first_start_loads_checks_and_shows(first: Done) -> None:
    assert (first.code, first.err) == (0, "")
    assert re.search(r"all dates shifted by [\d,]+ days so that the last order is today, \d{4}-\d\d-\d\d\.", first.out)
    assert "CC BY 4.0" in first.out
    assert "  There are 4,006 products, 4,285 customers and 18,966 orders." in first.out
    assert "orders: 18,966 of 18,966" in first.out
    for hero in definitions.HERO_OF.values():
        assert f"  home-hero     {hero} (TARGETING_MATCH)" in first.out
    assert len(set(re.findall(r"basket-offer  (Free delivery|Five percent) \(SPLIT\)", first.out))) == 2
    assert "shelf.products: " in first.out
    assert "\x1b" not in first.out, "piped output is plain"


def test_the_first_start_shows_a_page_of_the_shop_and_ends_it(first: Done) -> None:
    shown = first.out.partition("The shop's home page for customer ")[2].splitlines()
    assert shown[0].endswith(", a high spender of the last 90 days:")
    assert re.fullmatch(r"  Thank you for \d+ orders", shown[1])
    assert "  Your own buyer answers within the hour: buyers@shop.example" in shown
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(shop_of(first.out.splitlines())).port or 0), 5)


def shop_of(lines: list[str]) -> str:
    return next(line.split()[1] for line in lines if line.startswith("  shop "))


def test_the_key_is_kept_for_its_owner_only(folder: Path, first: Done, secret: str) -> None:
    assert secret in first.out
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "snapshot.json"]
    assert {"demo.json", "tailorbird.db", "tailorbird.db.lock"} <= {path.name for path in files}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_the_second_start_keeps_the_data_and_shows_the_same(first: Done, again: Server) -> None:
    def shown(lines: list[str]) -> list[str]:
        start = next(index for index, line in enumerate(lines) if line.startswith("Customer "))
        end = next(index for index, line in enumerate(lines) if line.startswith(("Ready ", "The shop's")))
        # ages go on with the clock
        return [re.sub(r"[\d.]+ does not pass 30$", "…", line) for line in lines[start:end]]

    assert shown(again.greeting) == shown(first.out.splitlines())
    assert not any("orders recorded" in line for line in again.greeting)


def test_two_campaigns_have_results_to_look_at_and_say_what_is_simulated(folder: Path, first: Done) -> None:
    assert re.search(
        r"Two campaigns have traffic: 4,\d{3} real visits; what those people did .* is simulated\.", first.out
    )
    for words in (line.split() for line in first.out.splitlines() if line.startswith("  tailorbird results ")):
        report = told(*words[1:], "--json")
        assert "(responses simulated)" in report["name"]
        goals = {goal["key"]: goal for goal in report["goals"]}
        assert goals.keys() >= {"revenue", "order"}
        assert not report["sample_ratio"]["mismatch"]
        if report["key"] == "newsletter-form":
            assert report["status"] == "archived"
            short = next(arm["arm"] for arm in report["arms"] if arm["name"] == "Short form")
            verdicts = {
                arm["arm"]: arm["lift"]["verdict"]["outcome"] for arm in report["goals"][0]["arms"] if arm["lift"]
            }
            assert verdicts[short] == "better"
        else:
            assert (report["key"], report["status"]) == ("gift-note", "running")
            assert report["goals"][0]["campaign"]["verdict"]["outcome"] is None


def test_the_printed_call_works_as_it_stands(again: Server) -> None:
    start = next(index for index, line in enumerate(again.greeting) if line.startswith("curl "))
    words = shlex.split("\n".join(again.greeting[start : start + 4]))
    assert words[:3] == ["curl", "-s", f"{again.address}/v1/decide"]
    headers = dict(words[index + 1].split(": ") for index, word in enumerate(words) if word == "-H")
    assert headers["Content-Type"] == "application/json"
    body = json.loads(words[words.index("-d") + 1])
    answer = again.good("POST", "/v1/decide", headers["Authorization"].removeprefix("Bearer "), body)
    assert {decision["campaign"]: decision["experience"] for decision in answer["decisions"]} == {
        "home-hero": "Welcome",
        "buy-again": "What others love",
    }
    assert all(decision["explanation"]["message"] for decision in answer["decisions"])


def test_what_is_there_is_counted_through_the_api(again: Server, secret: str) -> None:
    ids: set[str] = set()
    after = ""
    while True:
        page = again.good("GET", f"/v1/projects/demo/items?limit=1000&after={after}", secret)
        ids.update(item["id"] for item in page["items"])
        if page["next"] is None:
            break
        after = page["next"]
    assert len(ids) == 4_006
    rows = again.good("GET", "/v1/projects/demo/schema", secret)["items"]
    counted = {(row["kind"], row["name"]): row["count"] for row in rows}
    assert counted["event", "order"] == 18_966
    assert counted["attribute", "first_order"] == 4_285
    assert again.good("GET", "/v1/projects/demo/events/rejected", secret)["items"] == []


def test_profiles_hold_what_the_shop_knows(again: Server, folder: Path, secret: str) -> None:
    held = state.read(folder)
    assert held is not None
    shop = retail.read(retail.folder())
    for customer, orders in list(shop.customers.items())[::400]:
        profile = again.good("GET", f"/v1/profiles/{customer}", secret)
        assert profile["events"]["order"]["count"] == len(orders)
        assert profile["attributes"]["country"] == orders[-1].country
        assert profile["attributes"]["first_order"] == retail.shifted(orders[0].at, held.days).date().isoformat()
        assert profile["first_seen"] == profile["events"]["order"]["first_at"]


def test_orders_sent_again_are_all_duplicates(again: Server, folder: Path, secret: str) -> None:
    held = state.read(folder)
    assert held is not None
    shop = retail.read(retail.folder())
    events = list(retail.events(shop, held.days))[-700:]
    told = again.good("POST", "/v1/events", secret, {"events": events})
    assert told == {"accepted": 0, "duplicates": 700, "rejected": []}
    assert again.good("GET", "/v1/projects/demo/counts", secret)["counts"].get("duplicate_conflicts", 0) == 0


def test_three_campaigns_run_with_control_and_what_they_use(again: Server, secret: str) -> None:
    held = again.good("GET", "/v1/projects/demo/campaigns", secret)["items"]
    campaigns = held[: len(definitions.CAMPAIGN_KEYS)]
    assert [campaign["key"] for campaign in campaigns] == list(definitions.CAMPAIGN_KEYS)
    assert [campaign["key"] for campaign in held[len(campaigns) :]] == ["newsletter-form", "gift-note"]
    assert {(campaign["body"]["status"], campaign["body"].get("control", 5.0)) for campaign in campaigns} == {
        ("running", 5.0)
    }
    assert not any(campaign.get("warnings") for campaign in campaigns)
    template = again.good("GET", "/v1/projects/demo/templates/free-delivery", secret)
    arms = campaigns[1]["body"]["rules"][0]["experiences"]
    assert arms[0]["template"]["template"] == template["id"]
    assert arms[0]["content"] == template["body"]["content"]
    goals = again.good("GET", "/v1/projects/demo/goals", secret)["items"]
    assert [(goal["key"], goal["body"].get("global", False)) for goal in goals[:2]] == [
        ("order", True),
        ("revenue", False),
    ]
    assert all("(simulated)" in goal["body"]["name"] for goal in goals[2:])
    assert again.good("GET", "/v1/projects/demo", secret)["warnings"] == {}


def test_the_shop_is_open_and_its_pages_may_report(again: Server, secret: str) -> None:
    address = shop_of(again.greeting)
    page = httpx.get(address).text
    assert f'src="{again.address}/sdk/tailorbird.js"' in page
    key = re.search('data-key="(tbp_[^"]+)"', page)
    assert key is not None
    told = again.good("GET", "/v1/projects/demo/settings", secret)["body"]
    assert told["allowed_origins"] == shop.origins(urlsplit(address).port or 0)
    headers = {"authorization": f"Bearer {key[1]}", "origin": address}
    asked = httpx.post(f"{again.address}/v1/decide", headers=headers, json={"visitor": {"anonymous_id": "device-1"}})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, address)
    assert "a lapsed buyer" in httpx.get(f"{address}/login").text


def test_about_one_in_twenty_is_control(again: Server, secret: str) -> None:
    shop = retail.read(retail.folder())
    asked = list(shop.customers)[:600]
    control = 0
    for customer in asked:
        body = {"visitor": {"id": customer}, "campaigns": ["home-hero"], "expose": "report"}
        (decision,) = again.good("POST", "/v1/decide", secret, body)["decisions"]
        assert decision["reason"] in ("TARGETING_MATCH", "CONTROL")
        assert (decision["payload"] is None) == (decision["reason"] == "CONTROL")
        control += decision["reason"] == "CONTROL"
    assert 8 <= control <= 60  # 30 expected; outside once in a million


def test_the_demo_is_a_server_like_others(folder: Path, again: Server) -> None:
    second = tailorbird("demo", "--once", "--data", str(folder))
    assert second.code == 1
    assert second.err.startswith("tailorbird: Another Tailorbird server uses this database.")


def test_ctrl_c_ends_it_and_another_server_may_serve_the_folder(folder: Path, again: Server, secret: str) -> None:
    port = urlsplit(shop_of(again.greeting)).port
    assert again.stop(signal.SIGINT) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    with serving("--data", str(folder)) as server:
        assert server.good("GET", "/v1/projects/demo", secret)["key"] == "demo"
        assert server.stop() == 0


def test_a_folder_with_another_project_of_that_name_is_refused(tmp_path: Path) -> None:
    tailorbird("project", "create", "Demo", "--data", str(tmp_path))
    done = tailorbird("demo", "--once", "--data", str(tmp_path))
    assert done.code == 1
    assert "holds a project 'demo' that is not this demo's" in done.err
