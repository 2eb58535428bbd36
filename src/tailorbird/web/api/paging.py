"""Query parameters of what is read page by page."""

from __future__ import annotations

from typing import Annotated

from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(description="how many at most", ge=1, le=1000)]
Sequence = Annotated[int, QueryParameter(description="a sequence number", ge=0, le=9_007_199_254_740_991)]
EventName = Annotated[str, QueryParameter(description="only events of this name", max_length=200)]
