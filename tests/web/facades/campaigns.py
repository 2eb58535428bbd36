"""Campaigns for the tests of the doors, made over our own API."""

from __future__ import annotations

from typing import Any

import httpx

from tests.web.conftest import Site


def body(key: str, content: Any, **more: Any) -> dict[str, Any]:
    """A campaign whose one experience shows ``content`` to everybody, unless told otherwise."""
    rule = {
        "name": more.pop("rule", ""),
        "audience": more.pop("audience", "everyone"),
        "cap": more.pop("cap", "always"),
        "devices": more.pop("devices", []),
        "experiences": more.pop("experiences", None) or [{"name": "One", "content": {"body": content}}],
    }
    rules = more.pop("rules", None) or [rule]
    goals = [{"goal": "orders", "role": "primary"}]
    return {"name": key, "key": key, "control": 0, "goals": goals, "rules": rules, **more}


async def start(site: Site, key: str, content: Any, **more: Any) -> dict[str, Any]:
    """A running campaign in the site's project, whose goal ``orders`` exists."""
    made = await site.ask("POST", f"{home(site)}/campaigns", json=body(key, content, **more))
    assert made.status_code == 201, made.text
    started = await site.ask("POST", f"{home(site)}/campaigns/{key}/start", headers={"if-match": made.headers["etag"]})
    assert started.status_code == 200, started.text
    found: dict[str, Any] = (await site.ask("GET", f"{home(site)}/campaigns/{key}")).json()
    return found


def home(site: Site) -> str:
    assert site.project is not None
    return f"/v1/projects/{site.project.id}"


def start_on(url: str, secret: str, key: str, content: Any, **more: Any) -> None:
    """The same on a started server, in its project ``shop``."""
    with httpx.Client(base_url=f"{url}/v1/projects/shop", headers={"authorization": f"Bearer {secret}"}) as client:
        made = client.post("/campaigns", json=body(key, content, **more))
        assert made.status_code == 201, made.text
        started = client.post(f"/campaigns/{key}/start", headers={"if-match": made.headers["etag"]})
        assert started.status_code == 200, started.text
