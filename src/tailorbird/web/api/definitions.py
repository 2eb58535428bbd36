"""What all kinds of definitions have in common: list, create, read, update, delete, versions, rollback."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, PathParameter, QueryParameter
from msgspec.structs import replace

from tailorbird.domain.campaign import Status
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import NotFound
from tailorbird.engine import publish
from tailorbird.engine.selection import Wanted, selection
from tailorbird.engine.view import view
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation, Resource, Stand
from tailorbird.web.api.views import Listing, Page

T = TypeVar("T", bound=Controller)

Search = Annotated[str, QueryParameter(description="what the name or the key has in it", max_length=200)]
OfStatus = Annotated[
    list[Status] | None, QueryParameter(description="only campaigns of this status; may be repeated for one of several")
]
OfGroup = Annotated[str, QueryParameter(description="only campaigns of this group", max_length=100)]
OfOwner = Annotated[str, QueryParameter(description="only what this author created", max_length=320)]
Newest = Annotated[bool, QueryParameter(description="those created last come first")]
After = Annotated[str, QueryParameter(description="the id after which the page begins", max_length=100)]
Limit = Annotated[int, QueryParameter(description="how many at most", ge=1, le=1000)]
Number = Annotated[int, PathParameter(description="a version", ge=1, le=2_147_483_647)]


def shown(
    caller: Calling, definition: Definition, status: int = 200, headers: dict[str, str] | None = None
) -> Response[Any]:
    """A definition with its version as ``ETag``."""
    return answer(view(caller.runtime, definition), status, {"ETag": f'"{definition.version}"', **(headers or {})})


def created(caller: Calling, resource: Resource, definition: Definition) -> Response[Any]:
    """A new definition, and where it is found."""
    place = f"/v1/projects/{caller.project}/{resource.plural}/{definition.key}"
    return shown(caller, definition, 201, {"Location": place})


def of_kind(routes: type[T], resource: Resource, below: str = "") -> type[T]:
    """The routes that all kinds have, for one of them; ``below`` its address."""
    kind = resource.plural.capitalize()
    members = {
        "__doc__": f"Of {resource.plural}.",
        "path": f"/v1/projects/{{project:str}}/{resource.plural}{below}",
        "tags": (kind,),
        "opt": {"resource": resource},
    }
    return type(kind + routes.__name__, (routes,), members)


class Definitions(Controller):
    """The routes of one kind. A subclass says which, in ``opt``; ``{Kind}`` stands for it in names and summaries."""

    @property
    def resource(self) -> Resource:
        """The kind of definition that these routes serve."""
        found: Resource = self.opt["resource"]  # type: ignore[index]
        return found

    @property
    def kind(self) -> Kind:
        """Its name in the store."""
        return self.resource.kind

    @get(
        operation_id="list{Kind}s",
        summary="All {kind}s of a project",
        opt={"operation": Operation(scope="read", answer=Stand.PAGE)},
    )
    async def listing(
        self,
        caller: Calling,
        search: Search = "",
        status: OfStatus = None,
        group: OfGroup = "",
        owner: OfOwner = "",
        newest_first: Newest = False,
        after: After = "",
        limit: Limit = 1000,
    ) -> Response[Any]:
        """The newest version of each, in the order in which they were created, with who created it. Pass `next` as
        `after` for the page that follows; `status` and `group` are for campaigns."""
        runtime = caller.runtime
        wanted = Wanted(
            search=search, statuses=tuple(status or ()), group=group, owner=owner, newest_first=newest_first
        )
        found = await selection(runtime, caller.project, self.kind, wanted, after, limit + 1)
        page = [replace(view(runtime, one.definition), created_by=one.by, created_at=one.at) for one in found[:limit]]
        return answer(Page(items=page, next=page[-1].id if len(found) > limit else None))

    @post(
        operation_id="create{Kind}",
        summary="Create a {kind}",
        opt={
            "operation": Operation(
                scope="manage",
                body=Stand.BODY,
                answer=Stand.VIEW,
                status=201,
                errors=(409,),
                etag=True,
                location=True,
                example=Stand.NEW,
            )
        },
    )
    async def create(self, caller: Calling) -> Response[Any]:
        """Compiled before it is stored: what does not compile is refused with the paths of what is wrong. Without `key`
        the key is made from the name. Fields that the server keeps are ignored."""
        definition = await publish.create(caller.runtime, caller.project, self.kind, await caller.body(), caller.author)
        return created(caller, self.resource, definition)

    @get(
        "/{ref:str}",
        operation_id="read{Kind}",
        summary="Read a {kind}",
        opt={"operation": Operation(scope="read", answer=Stand.VIEW, etag=True)},
    )
    async def read(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """The newest version, by key or id."""
        return shown(caller, await publish.read(caller.runtime, caller.project, self.kind, ref))

    @put(
        "/{ref:str}",
        operation_id="update{Kind}",
        summary="Write a new version of a {kind}",
        opt={
            "operation": Operation(
                scope="manage",
                body=Stand.BODY,
                answer=Stand.VIEW,
                errors=(409, 428),
                if_match="required",
                etag=True,
                example=Stand.CHANGED,
            )
        },
    )
    async def update(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """`If-Match` names the version that it was made from; when somebody wrote meanwhile, the answer is 409 with
        both versions. Send a campaign's rules and experiences back with their ids: without them they are new ones, and
        their visitors are drawn afresh. What visitors see at once takes the role `publisher`: a campaign that runs."""
        expected = caller.required_version()
        await self._check_live(caller, ref)
        body = await caller.body()
        definition = await publish.update(caller.runtime, caller.project, self.kind, ref, body, caller.author, expected)
        return shown(caller, definition)

    @delete(
        "/{ref:str}",
        operation_id="delete{Kind}",
        summary="Delete a {kind}",
        opt={
            "operation": Operation(
                scope="manage", status=204, errors=(409,), if_match="optional", parameters={"ref": "to-delete"}
            )
        },
    )
    async def remove(self, caller: Calling, ref: FromPath[str]) -> None:
        """Its versions and its history stay, its key becomes free. Refused while others use it."""
        await publish.delete(caller.runtime, caller.project, self.kind, ref, caller.author, caller.version())

    @get(
        "/{ref:str}/versions",
        operation_id="list{Kind}Versions",
        summary="All versions of a {kind}",
        opt={"operation": Operation(scope="read", answer=Stand.VIEWS)},
    )
    async def versions(self, caller: Calling, ref: FromPath[str]) -> Response[Any]:
        """Newest first."""
        found = await publish.versions(caller.runtime, caller.project, self.kind, ref)
        return answer(Listing([view(caller.runtime, definition) for definition in found]))

    @get(
        "/{ref:str}/versions/{version:int}",
        operation_id="read{Kind}Version",
        summary="One version of a {kind}",
        opt={"operation": Operation(scope="read", answer=Stand.VIEW, etag=True)},
    )
    async def one_version(self, caller: Calling, ref: FromPath[str], version: Number) -> Response[Any]:
        """As it was written."""
        return shown(caller, await publish.read(caller.runtime, caller.project, self.kind, ref, version))

    @post(
        "/{ref:str}/versions/{version:int}/rollback",
        status_code=200,
        operation_id="rollback{Kind}",
        summary="Go back to a version of a {kind}",
        opt={
            "operation": Operation(
                scope="manage",
                campaigns="publisher",
                answer=Stand.VIEW,
                errors=(409,),
                if_match="optional",
                etag=True,
            )
        },
    )
    async def rollback(self, caller: Calling, ref: FromPath[str], version: Number) -> Response[Any]:
        """Writes a new version that says what that one said. A campaign's content and weights come back; who was drawn
        where, and whether it runs, stay as they are."""
        if self.kind == "campaign":
            caller.need("publisher")
        runtime, project = caller.runtime, caller.project
        current = await publish.read(runtime, project, self.kind, ref)
        if version > current.version:
            raise NotFound(f"There is no version {version}; the newest is {current.version}.")
        definition = await publish.rollback(runtime, project, self.kind, ref, version, caller.author, caller.version())
        return shown(caller, definition)

    async def _check_live(self, caller: Calling, ref: str) -> None:
        """What is shown to visitors is changed by publishers."""
        if self.kind == "campaign" and await publish.is_serving(caller.runtime, caller.project, ref):
            caller.need("publisher")
