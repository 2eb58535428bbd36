"""Our own REST API outside the hot paths: one file per resource, put together here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Litestar, Response, Router
from litestar.di import Provide
from litestar.types import Guard

from tailorbird.engine.runtime import Runtime
from tailorbird.web import problems
from tailorbird.web.api.accounts import all_accounts
from tailorbird.web.api.call import Caller, Request_, authorize
from tailorbird.web.api.campaigns import Audiences, Campaigns, Goals, Templates, campaign_verbs
from tailorbird.web.api.doors import doors
from tailorbird.web.api.exposures import exposures
from tailorbird.web.api.insight import insights
from tailorbird.web.api.items import items
from tailorbird.web.api.keys import keys
from tailorbird.web.api.links import links
from tailorbird.web.api.looking import looking
from tailorbird.web.api.members import members
from tailorbird.web.api.members_of_project import members_of_project
from tailorbird.web.api.profiles import profiles
from tailorbird.web.api.project_file import project_file
from tailorbird.web.api.project_settings import project_settings
from tailorbird.web.api.projects import projects
from tailorbird.web.api.results import results
from tailorbird.web.api.server import server
from tailorbird.web.api.sessions import getting_in
from tailorbird.web.api.signing_keys import signing_keys
from tailorbird.web.api.unpublished import ALL_DRAFTS, unpublished
from tailorbird.web.http import Disconnected
from tailorbird.web.options import Options

ROUTES: tuple[Any, ...] = (
    projects,
    Campaigns,
    campaign_verbs,
    doors,
    Audiences,
    members,
    Templates,
    Goals,
    items,
    *ALL_DRAFTS,
    unpublished,
    project_settings,
    project_file,
    keys,
    signing_keys,
    insights,
    looking,
    profiles,
    exposures,
    results,
    getting_in,
    links,
    all_accounts,
    members_of_project,
    server,
)


def build_api(runtime: Runtime, options: Options) -> Litestar:
    """Everything but the hot paths, as one Litestar application."""

    def provide_caller(request: Request_) -> Caller:
        return Caller(runtime, options, request)

    given: dict[str, Callable[..., Any]] = {
        "caller": provide_caller,
        "runtime": lambda: runtime,
        "options": lambda: options,
    }
    return assemble(given, (authorize(runtime, options),))


def assemble(given: Mapping[str, Callable[..., Any]] | None = None, guards: Sequence[Guard] = ()) -> Litestar:
    """The routes, with what their handlers are given; without it they can be described, not called."""
    given = given or {name: _Absent(name) for name in ("caller", "runtime", "options")}
    return Litestar(
        route_handlers=[Router("/", route_handlers=ROUTES)],
        guards=list(guards),
        dependencies={name: Provide(provide, sync_to_thread=False) for name, provide in given.items()},
        exception_handlers={Exception: _problem},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


class _Absent:
    """Stands for what a handler would be given if it were called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self) -> Any:
        raise LookupError(self._name)


def _problem(request: Request_, error: Exception) -> Response[bytes]:
    """Any exception as a problem document; what nobody foresaw is kept for the log."""
    if isinstance(error, Disconnected):
        request.scope["state"]["gone"] = True
    elif problems.understood(error) is None:
        request.scope["state"]["fault"] = error
    status, headers, body = problems.render(error)
    told = {
        name.decode(): value.decode() for name, value in headers if name not in (b"content-length", b"content-type")
    }
    if status == 405 and (allow := getattr(error, "headers", None)):
        told |= {name.lower(): value for name, value in allow.items()}
    return Response(body, status_code=status, media_type="application/problem+json", headers=told)
