"""The operations as the OpenAPI document describes them, each with its example turned into a request."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from tailorbird.domain.access import SCOPES, Project, Scope
from tailorbird.web.openapi import text
from tests.web.conftest import Site

DOCUMENT: dict[str, Any] = msgspec.json.decode(text())


class Described(msgspec.Struct, frozen=True):
    """One operation of the document."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["operationId"])

    @property
    def public(self) -> bool:
        return not self.told["security"]

    @property
    def scope(self) -> Scope:
        return next(scope for scope in SCOPES if f"scope `{scope}`" in self.told["description"])

    @property
    def body(self) -> Any:
        content = self.told.get("requestBody", {}).get("content", {})
        return content["application/json"]["examples"]["example"]["value"] if content else None

    def url(self, values: dict[str, str]) -> str:
        """The path with its parameters' examples, or with other values."""
        filled = self.path
        for parameter in self.told.get("parameters", ()):
            if parameter["in"] == "path":
                value = values.get(parameter["name"], parameter["example"])
                filled = filled.replace(f"{{{parameter['name']}}}", str(value))
        return filled

    async def example(self, site: Site, values: dict[str, str], key: str) -> httpx.Response:
        """Send the operation's example."""
        headers = {
            p["name"]: p["example"] for p in self.told.get("parameters", ()) if p["in"] == "header" and p["required"]
        }
        if "If-Match" in headers:
            headers["If-Match"] = "*"
        return await site.ask(self.method, self.url(values), key=key, json=self.body, headers=headers)


OPERATIONS = [
    Described(method.upper(), path, told)
    for path, methods in DOCUMENT["paths"].items()
    for method, told in methods.items()
]
#: they answer for the caller's own project, whoever calls: there is nothing of anybody else's to ask for
OF_ONES_OWN = frozenset(("decide", "record", "listProjects", "importExposures"))


async def prepared(site: Site, name: str) -> tuple[Project, str, dict[str, str]]:
    """A project with everything that the examples name, its key, and the values that the examples cannot know."""
    project, key = await site.another_project(name)
    await site.seed(project)
    made = await site.ask(
        "POST", f"/v1/projects/{project.key}/keys", key=key, json={"client": "spare", "scopes": ["read"]}
    )
    base = f"/v1/projects/{project.key}/signing-keys"
    old = (await site.ask("GET", base, key=key)).json()["items"][0]["id"]
    await site.ask("POST", base, key=key)
    return project, key, {"project": project.key, "key_id": made.json()["id"], "signing_key_id": old}
