"""The project of the key that asks."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get

from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Listing, ProjectView, project_view


@get(
    "/v1/projects",
    operation_id="listProjects",
    summary="The projects that this key reaches: its own",
    opt={"operation": Operation(scope="read", answer=Listing[ProjectView])},
)
async def own(caller: Calling) -> Response[Any]:
    """Projects are created at the command line: `tailorbird project create NAME`."""
    snapshot = caller.runtime.project(caller.project)
    return answer(Listing([project_view(snapshot.project, dict(snapshot.warnings))]))


@get(
    "/v1/projects/{project:str}",
    operation_id="readProject",
    summary="One project, with what is switched off in it",
    opt={"operation": Operation(scope="read", answer=ProjectView)},
)
async def read(caller: Calling) -> Response[Any]:
    """A definition that broke after it was published is off alone; `warnings` says why."""
    snapshot = caller.runtime.project(caller.project)
    return answer(project_view(snapshot.project, dict(snapshot.warnings)))


projects = Router("/", route_handlers=[own, read], tags=["Projects"])
