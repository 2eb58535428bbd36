"""One OpenAPI 3.1 document for everything, made from the routes, the structs and their ``#:`` lines.

``python -m tailorbird.web.openapi PATH`` writes it; a test keeps docs/openapi.json fresh.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from tailorbird import __version__
from tailorbird.engine.calls import Answer, Recorded
from tailorbird.web import wire
from tailorbird.web.api import specimens
from tailorbird.web.api.operation import Operation, Resource, Stand
from tailorbird.web.api.views import Listing, Page, Versioned
from tailorbird.web.openapi_schemas import REF, Schemas

STORY = """Ask what a visitor should see, tell what they did, and manage what is shown.

Send `Authorization: Bearer <key>`; each operation names the scope that the key needs. The console calls the same
operations with a session instead, and with `X-CSRF-Token` where it changes something; each names the role that takes.
Times in requests are ISO 8601 (without an offset: UTC) or epoch milliseconds; times in answers are epoch milliseconds.
Errors are RFC 9457 problem details. Unknown members are ignored by `/v1/decide` and `/v1/events`
and refused everywhere else."""

#: what the examples call things
USUAL: dict[str, Any] = {
    "project": "shop",
    "version": 1,
    "item_id": "mug-blue",
    "key_id": "k3yExampLe",
    "signing_key_id": "s1gnEx",
    "account_id": "accExampLe",
    "session_id": "sessExamp1",
    "invitation_id": "1nvExampLe",
}
_GENERIC: tuple[Any, Any, Any] = (Versioned, Listing, Page)
_METHODS = ("get", "post", "put", "patch", "delete")
INJECTED = frozenset(("caller", "runtime", "options", "request", "self"))
_TOKEN_HEADER = {
    "name": "X-Visitor-Token",
    "in": "header",
    "required": False,
    "description": "with a publishable key: the visitor token (a JWT of your backend) that vouches for a known id",
    "schema": {"type": "string"},
}
_BEACON_KEY = {
    "name": "key",
    "in": "query",
    "required": False,
    "description": "a publishable key, for beacons, which cannot send headers; secret keys are refused here",
    "schema": {"type": "string"},
}

_PROJECT = {
    "name": "project",
    "in": "query",
    "required": False,
    "description": "with a session: key or id of the project; a key's own project when absent",
    "schema": {"type": "string"},
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation with its place."""

    path: str
    method: str
    id: str
    summary: str
    description: str
    tags: tuple[str, ...]
    operation: Operation
    parameters: tuple[dict[str, Any], ...] = ()


HOT = (
    Entry(
        path="/v1/decide",
        method="post",
        id="decide",
        summary="What should this visitor see?",
        description="The named campaigns in the order asked, then those of the groups by key; without either, every "
        "open one. A campaign that shows nothing says why in `reason`; the call never fails because of one campaign.",
        tags=("Decide and record",),
        operation=Operation(
            scope="decide", sessions=False, body=wire.DecideIn, answer=Answer, example=specimens.DECIDE
        ),
        parameters=(_TOKEN_HEADER, _BEACON_KEY),
    ),
    Entry(
        path="/v1/events",
        method="post",
        id="record",
        summary="This is what visitors did",
        description="Up to 1,000 events, each judged by itself: `rejected` names those that were refused, by their "
        "index. The answer comes after the commit. An event sent again under its id is a duplicate, counted once.",
        tags=("Decide and record",),
        operation=Operation(
            scope="record",
            sessions=False,
            body=wire.EventsIn,
            takes=("application/json", "text/plain"),
            answer=Recorded,
            example=specimens.EVENTS,
        ),
        parameters=(_BEACON_KEY,),
    ),
)


def document(app: Litestar, public_url: str = "") -> dict[str, Any]:
    """The whole document."""
    entries = (*HOT, *_routes(app))
    schemas = Schemas(t for e in entries for t in (e.operation.body, e.operation.answer) if t not in (None, str))
    paths: dict[str, dict[str, Any]] = {}
    for entry in sorted(entries, key=lambda entry: _METHODS.index(entry.method)):
        paths.setdefault(entry.path, {})[entry.method] = _operation(entry, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tailorbird",
            "version": __version__,
            "description": STORY,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(tag for entry in entries for tag in entry.tags)],
        "paths": {path: paths[path] for path in dict.fromkeys(entry.path for entry in entries)},
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "tailorbird_session",
                    "description": "Somebody signed in: `POST /v1/session` sets the cookie, which is called "
                    "`__Host-tailorbird` where `public_url` is https. What changes something sends the header "
                    "`X-CSRF-Token` with the token of `GET /v1/me`.",
                },
            },
            "responses": {str(status): _problem(status) for status in _SHORT},
            "schemas": dict(sorted(schemas.components.items())),
        },
    }


def _routes(app: Litestar) -> Iterator[Entry]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if "operation" in handler.opt:
                    yield _entry(route, handler)


def _entry(route: HTTPRoute, handler: HTTPRouteHandler) -> Entry:
    resource: Resource | None = handler.opt.get("resource")
    (method,) = handler.http_methods - {"OPTIONS", "HEAD"}
    operation: Operation = _resolved(handler.opt["operation"], resource)
    in_path = re.findall(r"{(\w+)}", route.path_format)
    usual = {**USUAL, "ref": resource.key if resource else "home-hero", **operation.parameters}
    parameters = [_path_parameter(name, usual[name]) for name in in_path]
    for name, field in handler.parsed_fn_signature.parameters.items():
        if name not in INJECTED and name not in in_path:
            parameters.append(_query_parameter(name, field))
    return Entry(
        path=route.path_format,
        method=method.lower(),
        id=_named(str(handler.operation_id), resource),
        summary=_named(handler.summary or "", resource),
        description=re.sub(r"\s+", " ", handler.fn.__doc__ or "").strip(),
        tags=tuple(sorted(handler.resolve_tags() if hasattr(handler, "resolve_tags") else handler.tags or ())),
        operation=operation,
        parameters=tuple(parameters),
    )


def _resolved(operation: Operation, resource: Resource | None) -> Operation:
    """The operation with its kind put in place of what stands for it."""
    if resource is None:
        return operation
    view = _GENERIC[0][resource.body]
    stands: dict[Stand, Any] = {
        Stand.BODY: resource.body,
        Stand.VIEW: view,
        Stand.VIEWS: _GENERIC[1][view],
        Stand.PAGE: _GENERIC[2][view],
        Stand.NEW: resource.new,
        Stand.CHANGED: resource.changed,
    }
    told = ((name, getattr(operation, name)) for name in operation.__struct_fields__)
    put = {name: stands[value] if isinstance(value, Stand) else value for name, value in told}
    if resource.kind == "campaign" and operation.campaigns is not None:
        put["role"] = operation.campaigns
    return Operation(**put)


def _named(text: str, resource: Resource | None) -> str:
    kind = resource.kind if resource else ""
    return (
        text.replace("{Kind}", kind.capitalize())
        .replace("A {kind}", f"A{'n' * (kind[:1] == 'a')} {kind}")
        .replace("a {kind}", f"a{'n' * (kind[:1] == 'a')} {kind}")
        .replace("{kind}", kind)
    )


def _path_parameter(name: str, example: Any) -> dict[str, Any]:
    notes = {
        "project": "key or id of the project",
        "ref": "key or id",
        "version": "a version",
        "visitor_id": "an id of the person",
        "key_id": "id of the key",
        "signing_key_id": "id of the signing key",
        "item_id": "id of the item",
        "account_id": "id of the account",
        "session_id": "id of the session",
        "invitation_id": "id of the invitation",
    }
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if name == "version":
        schema = {"type": "integer", "minimum": 1, "maximum": 2_147_483_647}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": notes[name],
        "schema": schema,
        "example": example,
    }


def _query_parameter(name: str, field: Any) -> dict[str, Any]:
    told = field.kwarg_definition
    schema = msgspec.json.schema(field.annotation)
    if told is not None:
        bounds = {"minimum": told.ge, "maximum": told.le, "maxLength": told.max_length}
        schema |= {word: bound for word, bound in bounds.items() if bound is not None}
    if field.default is not None:
        schema["default"] = field.default
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": told.description if told is not None else "",
        "schema": schema,
    }


def _operation(entry: Entry, schemas: Schemas) -> dict[str, Any]:
    operation = entry.operation
    needs = _needs(operation)
    told: dict[str, Any] = {
        "operationId": entry.id,
        "summary": entry.summary,
        "description": f"{entry.description} {needs}",
        "tags": list(entry.tags),
        "security": _security(entry),
        "responses": _responses(entry, schemas),
    }
    parameters = [*entry.parameters, *([_if_match(operation)] if operation.if_match else []), *_project_of(entry)]
    if parameters:
        told["parameters"] = parameters
    if operation.body is not None:
        told["requestBody"] = _body(operation, schemas)
    return told


def _needs(operation: Operation) -> str:
    """Who may call it, in a sentence."""
    role = f"the role `{operation.needed}`" + (" in the project" if operation.in_project else "")
    session = f"a session with {role}" if operation.in_project else "a session"
    if operation.scope is not None:
        return f"Needs a key with the scope `{operation.scope}`" + (f", or {session}." if operation.sessions else ".")
    told = {"owner": "a session of an owner of the installation", "account": session}
    return f"Needs {told.get(operation.who, 'neither key nor session')}."


def _security(entry: Entry) -> list[dict[str, list[str]]]:
    operation = entry.operation
    ways: list[dict[str, list[str]]] = [{"key": []}] if operation.scope is not None else []
    if operation.sessions and not operation.is_public:
        ways.append({"session": []})
    return ways


def _project_of(entry: Entry) -> list[dict[str, Any]]:
    """How sessions name the project where the path does not."""
    operation = entry.operation
    return [_PROJECT] if operation.in_project and operation.sessions and "{project}" not in entry.path else []


def _if_match(operation: Operation) -> dict[str, Any]:
    return {
        "name": "If-Match",
        "in": "header",
        "required": operation.if_match == "required",
        "description": "the version that this was made from; `*` for whichever is the newest",
        "schema": {"type": "string", "pattern": r'^("[0-9]{1,9}"|\*)$'},
        "example": '"1"' if operation.if_match == "optional" or operation.etag else "*",
    }


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": schemas.ref(operation.body)}
    examples = {"example": operation.example, **operation.examples}
    media["examples"] = {name: {"value": value} for name, value in examples.items() if value is not msgspec.UNSET}
    content = {"application/json": media}
    for kind in operation.takes:
        content.setdefault(kind, {"schema": {"type": "string"} if kind.startswith("text/") else media["schema"]})
    return {"required": True, "content": content}


def _responses(entry: Entry, schemas: Schemas) -> dict[str, Any]:
    operation = entry.operation
    good: dict[str, Any] = {"description": "Done." if operation.answer is None else "The answer."}
    if operation.answer is not None:
        good["content"] = {operation.gives: {"schema": schemas.ref(operation.answer)}}
    headers = {}
    if operation.etag:
        headers["ETag"] = {"description": "the version", "required": True, "schema": {"type": "string"}}
    if operation.location:
        headers["Location"] = {"description": "where it is found", "required": True, "schema": {"type": "string"}}
    if headers:
        good["headers"] = headers
    own = (operation.status, *operation.also)
    responses = {str(status): good for status in own}
    responses |= {"204": {"description": "There is none.", "headers": headers}} if operation.maybe else {}
    for status in sorted(_errors(entry).difference(own)):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def _errors(entry: Entry) -> set[int]:
    """The statuses of an operation's problems: its own, and those that every operation of its form has."""
    operation = entry.operation
    found = set(operation.errors)
    if not operation.is_public:
        found |= {400, 401, 403, 429, 503}
    if "{" in entry.path or _PROJECT in _project_of(entry):
        found.add(404)
    if operation.body is not None:
        found |= {400, 408, 413, 415}
    return found


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": f"See `/docs/errors`: {_SHORT[status]}.",
        "content": {"application/problem+json": {"schema": {"$ref": REF.format(name="ProblemDetails")}}},
    }
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer"}}}
    return told


_SHORT = {
    400: "something is not of the expected form",
    401: "no usable key and no session",
    403: "the key lacks the scope, or the account the role",
    404: "there is no such thing in this project",
    408: "the body came too slowly",
    409: "somebody else wrote meanwhile, or it is in use",
    413: "the body is too large",
    415: "the body comes in a form that is not read",
    428: "`If-Match` is missing",
    429: "a limit is reached",
    503: "try again later",
}


def encoded(app: Litestar) -> bytes:
    """The document as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(document(app)), indent=2)


def text() -> str:
    """The same without a server: for the command line and for the file that is kept under docs."""
    from tailorbird.web.api import assemble

    return encoded(assemble()).decode()


def main() -> None:
    """Write the document to the path that is named, docs/openapi.json where none is."""
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/openapi.json").write_text(text() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
