"""For people who look at data: how many match, which values there are, who has such an id."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.params import QueryParameter
from msgspec import Meta

from tailorbird.engine import counting, insight
from tailorbird.engine.counting import Counted, Suggestions
from tailorbird.web.api.call import Calling, answer, until_gone
from tailorbird.web.api.operation import Operation
from tailorbird.web.api.views import Listing, Person

_BASE = "/v1/projects/{project:str}"


class CountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to count."""

    #: a condition as audiences and rules have it
    condition: dict[str, Any] | str
    #: how many of those who match are shown
    examples: Annotated[int, Meta(ge=0, le=10)] = 10


_decode = msgspec.json.Decoder(CountIn).decode


@post(
    f"{_BASE}/audiences:count",
    operation_id="countAudience",
    summary="How many people match a condition",
    status_code=200,
    opt={
        "operation": Operation(
            scope="read", body=CountIn, answer=Counted, example={"condition": {"plan": "gold"}, "examples": 3}
        )
    },
)
async def count(caller: Calling) -> Response[Any]:
    """Of the people who are known: every one up to 50,000, of more a random sample of some 20,000, with the standard
    error of what it says. What only a request tells, such as device, country and page, is unknown here. Hanging up
    stops the count."""
    told = await caller.told(_decode)
    return answer(
        await until_gone(caller, counting.count(caller.runtime, caller.project, told.condition, told.examples))
    )


@get(
    f"{_BASE}/schema/values",
    operation_id="suggestValues",
    summary="Values that an attribute has",
    opt={"operation": Operation(scope="read", answer=Suggestions)},
)
async def suggest(
    caller: Calling,
    attribute: Annotated[
        str, QueryParameter(description="name of an attribute; dots lead into objects", min_length=1, max_length=200)
    ] = "plan",
    limit: Annotated[int, QueryParameter(description="how many at most", ge=1, le=200)] = 50,
) -> Response[Any]:
    """The most frequent first, with how many of some 2,000 people have each. Members of lists count one by one."""
    return answer(await until_gone(caller, counting.suggest(caller.runtime, caller.project, attribute, limit)))


@get(
    f"{_BASE}/people",
    operation_id="searchPeople",
    summary="People by the beginning of an id",
    opt={"operation": Operation(scope="read", answer=Listing[Person])},
)
async def search(
    caller: Calling,
    search: Annotated[
        str, QueryParameter(description="what an id of theirs, of either kind, begins with", max_length=256)
    ] = "",
    limit: Annotated[int, QueryParameter(description="how many at most", ge=1, le=100)] = 20,
) -> Response[Any]:
    """In the order of these ids; without `search` those who came last."""
    return answer(Listing(await insight.people(caller.runtime, caller.project, search, limit)))


looking = Router("/", route_handlers=[count, suggest, search], tags=["Insight"])
