"""Campaigns as code over HTTP: a whole project read as a file, and a file applied, so that a pipeline needs an address
and a key."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.params import QueryParameter

from tailorbird.domain.errors import Invalid
from tailorbird.engine.project_file import (
    FileText,
    Plan,
    ProjectFile,
    apply,
    export_text,
    located,
    read_json,
    read_yaml,
)
from tailorbird.web import http
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation

_BASE = "/v1/projects/{project:str}"
_YAML = "application/yaml"
_TAKES = ("application/json", _YAML)
_TYPES = tuple(name.encode() for name in _TAKES)
_SHOWN = {
    "tailorbird": 1,
    "audiences": {"gold": {"name": "Gold", "condition": {"plan": {"$in": ["gold", "platinum"]}}}},
    "goals": {"revenue": {"name": "Revenue", "event": "order", "aggregate": "sum", "property": "total"}},
}

Members = Annotated[bool, QueryParameter(description="whether list audiences come with their members")]
DryRun = Annotated[bool, QueryParameter(description="tell the plan and change nothing")]
Prune = Annotated[
    bool, QueryParameter(description="delete what the file does not have, of the sections that the file has")
]
Base = Annotated[
    int,
    QueryParameter(
        description="`base` of the plan that was looked at: 409 when the project was changed since; 0 = whatever it is",
        ge=0,
        le=9_007_199_254_740_991,
    ),
]


@get(
    f"{_BASE}/export",
    operation_id="exportProject",
    summary="A project as a file",
    opt={"operation": Operation(scope="manage", answer=ProjectFile, gives=_YAML)},
)
async def export(caller: Calling, members: Members = False) -> Response[bytes]:
    """All definitions as YAML, with ids, salts and ranges: applied to an empty project of another server, visitors keep
    their arms. People, events, items and keys are not in it."""
    text = await export_text(caller.runtime, caller.project, members=members)
    return Response(text.encode(), media_type=_YAML)


@post(
    f"{_BASE}/apply",
    operation_id="applyFile",
    summary="Bring a project to what a file says",
    status_code=200,
    opt={
        "operation": Operation(
            scope="manage",
            role="admin",
            body=ProjectFile,
            takes=_TAKES,
            answer=Plan,
            errors=(409,),
            upload=True,
            example=_SHOWN,
        )
    },
)
async def bring(caller: Calling, dry_run: DryRun = False, prune: Prune = False, base: Base = 0) -> Response[Any]:
    """All of it or nothing. The answer is the plan: what is created, changed and deleted, and for each campaign whose
    weights change the exact share of visitors who move. With `dry_run` nothing is done."""
    text = await _text(caller)
    try:
        plan = await apply(caller.runtime, caller.project, text, caller.author, dry_run=dry_run, prune=prune, base=base)
    except Invalid as error:
        raise located(error, text) from None
    return answer(plan)


async def _text(caller: Calling) -> FileText:
    """The file, read in a thread: lists may bring a million members."""
    body = await caller.raw(_TYPES)
    kind = http.headers_of(caller.request.scope).get(b"content-type", b"")
    return await asyncio.to_thread(read_yaml if kind.startswith(_YAML.encode()) else read_json, body)


project_file = Router("/", route_handlers=[export, bring], tags=["Projects"])
