"""Projects: those that the caller reaches; made and renamed by owners of the installation."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, patch, post
from msgspec import Meta

from tailorbird.engine import access
from tailorbird.engine.results.overview import Overview, overview
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Listing, ProjectView, project_view

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class ProjectIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project to make."""

    #: what people call it
    name: Name
    #: what it is called in addresses; made from the name when absent, and never changed
    key: Annotated[str, Meta(max_length=100)] = ""


class ProjectName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a project is called from now on."""

    name: Name


_decode_project = msgspec.json.Decoder(ProjectIn).decode
_decode_name = msgspec.json.Decoder(ProjectName).decode


@get(
    "/v1/projects",
    operation_id="listProjects",
    summary="The projects that the caller reaches",
    opt={"operation": Operation(scope="read", of_project=False, answer=Listing[ProjectView])},
)
async def own(caller: Calling) -> Response[Any]:
    """Of a key its own project; of somebody signed in every project in which they have a role."""
    runtime = caller.runtime
    reached = {caller.project}
    if caller.visit is not None:
        account = caller.visit.account
        reached = set(runtime.snapshots if account.owner else await runtime.store.accounts.roles(account.id))
    found = [snapshot for name, snapshot in runtime.snapshots.items() if name in reached]
    return answer(Listing([project_view(one.project, dict(one.warnings)) for one in found]))


@post(
    "/v1/projects",
    operation_id="createProject",
    summary="Create a project",
    opt={
        "operation": Operation(
            scope=None,
            who="owner",
            body=ProjectIn,
            answer=ProjectView,
            status=201,
            errors=(409,),
            location=True,
            example={"name": "Second shop"},
        )
    },
)
async def create(caller: Calling) -> Response[Any]:
    """With campaigns, people, events and keys of its own, unseen by every other project."""
    told = await caller.told(_decode_project)
    made = await access.create_project(caller.runtime, told.name, told.key, author=caller.author)
    return answer(project_view(made, {}), 201, {"Location": f"/v1/projects/{made.key}"})


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


@get(
    "/v1/projects/{project:str}/overview",
    operation_id="readOverview",
    summary="A project at a glance",
    opt={"operation": Operation(scope="read", answer=Overview)},
)
async def glance(caller: Calling) -> Response[Any]:
    """What runs, with its people day by day and the lift of its primary goal, and what needs somebody. Figures are kept
    for half a minute; where they take longer than a moment, the answer comes without them, and `figures` says so."""
    return answer(await overview(caller.runtime, caller.project))


@patch(
    "/v1/projects/{project:str}",
    operation_id="renameProject",
    summary="Call a project something else",
    opt={
        "operation": Operation(
            scope=None, who="owner", body=ProjectName, answer=ProjectView, example={"name": "Our shop"}
        )
    },
)
async def rename(caller: Calling) -> Response[Any]:
    """Its key, which stands in addresses, stays."""
    told = await caller.told(_decode_name)
    renamed = await access.rename_project(caller.runtime, caller.project, told.name, author=caller.author)
    return answer(project_view(renamed, dict(caller.runtime.project(renamed.id).warnings)))


projects = Router("/", route_handlers=[own, create, read, glance, rename], tags=["Projects"])
