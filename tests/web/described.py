"""The operations as the OpenAPI document describes them, each with its example turned into a request."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import msgspec

from tailorbird.domain.access import SCOPES, Project, Scope
from tailorbird.domain.accounts import ROLES, Role
from tailorbird.web.openapi import text
from tests.web.conftest import Site

DOCUMENT: dict[str, Any] = msgspec.json.decode(text())


class Asks(Protocol):
    """A site with a key, or somebody who is signed in to it."""

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response: ...


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
    def takes_keys(self) -> bool:
        return {"key": []} in self.told["security"]

    @property
    def takes_sessions(self) -> bool:
        return {"session": []} in self.told["security"]

    @property
    def scope(self) -> Scope:
        return next(scope for scope in SCOPES if f"scope `{scope}`" in self.told["description"])

    @property
    def role(self) -> Role | None:
        """What a session needs in the project; None where it belongs to no project."""
        return next((role for role in ROLES if f"role `{role}` in the project" in self.told["description"]), None)

    @property
    def for_owners(self) -> bool:
        return "session of an owner" in self.told["description"]

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

    async def example(self, who: Asks, values: dict[str, str], **more: Any) -> httpx.Response:
        """Send the operation's example; values that it cannot know stand under their names in ``values``."""
        headers = {
            p["name"]: p["example"] for p in self.told.get("parameters", ()) if p["in"] == "header" and p["required"]
        }
        if "If-Match" in headers:
            headers["If-Match"] = "*"
        body = self.body
        if isinstance(body, dict):
            body = {name: values.get(told, told) if isinstance(told, str) else told for name, told in body.items()}
        url = self.url(values) + ("" if "key" in more or not self._names_project else f"?project={values['project']}")
        return await who.ask(self.method, url, json=body, headers=headers, **more)

    @property
    def _names_project(self) -> bool:
        return any(p["name"] == "project" and p["in"] == "query" for p in self.told.get("parameters", ()))


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
