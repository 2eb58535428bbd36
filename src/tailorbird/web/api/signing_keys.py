"""Signing keys: what decision tokens are signed with. They are replaced, never shown."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath

from tailorbird.engine import access
from tailorbird.web.api.call import Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Listing, SigningKeyView

_BASE = "/v1/projects/{project:str}/signing-keys"


@get(
    _BASE,
    operation_id="listSigningKeys",
    summary="The keys that sign decision tokens",
    opt={"operation": Operation(scope="manage", role="admin", answer=Listing[SigningKeyView])},
)
async def listing(caller: Calling) -> Response[Any]:
    """The newest signs; all that are not retired are accepted."""
    keys = await access.list_signing_keys(caller.runtime, caller.project)
    return answer(Listing([SigningKeyView.of(key) for key in keys]))


@post(
    _BASE,
    operation_id="rotateSigningKey",
    summary="Sign tokens with a new key from now on",
    opt={"operation": Operation(scope="manage", role="admin", answer=SigningKeyView, status=201)},
)
async def rotate(caller: Calling) -> Response[Any]:
    """Tokens signed by the earlier keys stay good for their 400 days."""
    made = await access.rotate_signing_key(caller.runtime, caller.project, author=caller.author)
    return answer(SigningKeyView.of(made), 201)


@delete(
    f"{_BASE}/{{signing_key_id:str}}",
    operation_id="retireSigningKey",
    summary="Accept tokens of a signing key no longer",
    opt={"operation": Operation(scope="manage", role="admin", status=204, errors=(409,))},
)
async def retire(caller: Calling, signing_key_id: FromPath[str]) -> None:
    """For a key that leaked. Its tokens are refused at once; the one key that signs cannot be retired."""
    await access.retire_signing_key(caller.runtime, caller.project, signing_key_id, author=caller.author)


signing_keys = Router("/", route_handlers=[listing, rotate, retire], tags=["Keys"])
