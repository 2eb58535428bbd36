"""The settings of one project: versioned and audited like every definition."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, get, put

from tailorbird.domain.definitions import Definition, ProjectSettings
from tailorbird.domain.errors import NotFound
from tailorbird.engine import publish
from tailorbird.web.api.call import Calling
from tailorbird.web.api.definitions import shown
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Versioned

_PATH = "/v1/projects/{project:str}/settings"
_SHOWN = {"time_zone": "Europe/London", "allowed_origins": ["https://shop.example"], "publishable_events": ["search"]}


async def _current(caller: Calling) -> Definition | None:
    try:
        return await publish.read(caller.runtime, caller.project, "settings", "settings")
    except NotFound:
        return None


@get(
    _PATH,
    operation_id="readSettings",
    summary="The settings of a project",
    opt={"operation": Operation(scope="read", answer=Versioned[ProjectSettings], etag=True)},
)
async def read(caller: Calling) -> Response[Any]:
    """Where none were ever written: the defaults, as version 0."""
    return shown(caller, await _current(caller) or _defaults(caller))


def _defaults(caller: Calling) -> Definition:
    body = msgspec.Raw(msgspec.json.encode(ProjectSettings()))
    return Definition(
        project=caller.project, kind="settings", id="settings", key="settings", version=0, body=body, author="", at=0
    )


@put(
    _PATH,
    operation_id="updateSettings",
    summary="Write the settings of a project",
    opt={
        "operation": Operation(
            scope="manage",
            role="admin",
            body=ProjectSettings,
            answer=Versioned[ProjectSettings],
            errors=(409, 428),
            if_match="required",
            etag=True,
            example=_SHOWN,
        )
    },
)
async def update(caller: Calling) -> Response[Any]:
    """All of them: what is left out goes back to its default. `If-Match: "0"` for the first time."""
    expected = caller.required_version()
    if expected == -1 and await _current(caller) is None:
        expected = 0
    body = await caller.body()
    return shown(caller, await publish.put_settings(caller.runtime, caller.project, body, caller.author, expected))


project_settings = Router("/", route_handlers=[read, update], tags=["Projects"])
