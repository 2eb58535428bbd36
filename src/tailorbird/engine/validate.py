"""Whether a project still holds together after a change: nothing that serves may break because of it."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from tailorbird.decision import compile_plan, readiness
from tailorbird.domain.campaign import Campaign, Status
from tailorbird.domain.definitions import Audience, Definition, Kind, ProjectSettings
from tailorbird.domain.errors import Conflict, Invalid
from tailorbird.domain.facts import LATE_WINDOW_MS
from tailorbird.engine.goals import check_goal_uses
from tailorbird.engine.snapshot import Snapshot

DAY_MS = 86_400_000
#: members of a JSON Web Key that are nobody's business but the signer's
SECRET_MEMBERS = frozenset(("k", "d", "p", "q", "dp", "dq", "qi", "oth"))
#: a campaign in one of these is shown to somebody
SERVING: tuple[Status, ...] = ("running", "testing")


def check_campaign(snapshot: Snapshot, campaign: Campaign) -> None:
    """Compiles it beside the snapshot's audiences; one that serves must be ready besides. Takes a while: call it in a
    thread."""
    compile_plan(campaign, library=snapshot.library, zone=snapshot.zone, item_exists=snapshot.item_exists)
    check_goal_uses(campaign)
    if campaign.status not in SERVING:
        return
    missing = readiness(campaign, bool(snapshot.global_goals))
    if campaign.status == "testing":
        missing = [problem for problem in missing if not problem.field.startswith("goals")]
    if missing:
        text = "; ".join(f"{problem.field}: {problem.expected}" for problem in missing)
        raise Invalid(f"The campaign needs setup: {text}", problems=tuple(missing))


def check_audience(audience: Audience) -> None:
    """What its type asks for; whether the condition compiles is for ``check_whole``."""
    if (audience.type == "condition") != (audience.condition is not None):
        raise Invalid.field("condition", "a condition for type condition, none for type list", audience.condition)


async def check_whole(snapshot: Snapshot, kind: Kind, definition_id: str, body: Any | None) -> None:
    """Compile the project as it would be with ``body`` in place of the definition (None: without it).

    ``Invalid`` when the changed definition itself does not compile; ``Conflict`` naming whatever else would break.
    """
    if kind == "goal":
        _check_goal_unused(snapshot, definition_id)
        return
    if kind == "template":
        return
    others = tuple(d for d in snapshot.source.definitions if (d.kind, d.id) != (kind, definition_id))
    definitions = others if body is None else (*others, _candidate(snapshot, kind, definition_id, body))
    source = replace(snapshot.source, definitions=definitions)
    candidate = await asyncio.to_thread(Snapshot, source, snapshot.lists, snapshot.catalogue)
    own = f"{kind}:{getattr(body, 'key', definition_id)}"
    if body is not None and own in candidate.warnings:
        raise Invalid(candidate.warnings[own], problems=candidate.problems.get(own, ()))
    fresh = {name: why for name, why in candidate.warnings.items() if name not in snapshot.warnings}
    if fresh:
        text = "; ".join(f"{name.replace(':', ' ')}: {why}" for name, why in sorted(fresh.items()))
        raise Conflict(f"It is used by others, which would break: {text}")


def _candidate(snapshot: Snapshot, kind: Kind, definition_id: str, body: Any) -> Definition:
    held = snapshot.definitions[kind].get(definition_id)
    raw = msgspec.Raw(msgspec.json.encode(body))
    if held is not None:
        return replace(held, version=held.version + 1, body=raw, key=getattr(body, "key", held.key))
    return Definition(
        project=snapshot.project.id,
        kind=kind,
        id=definition_id,
        key=getattr(body, "key", definition_id),
        version=1,
        body=raw,
        author="",
        at=0,
    )


def _check_goal_unused(snapshot: Snapshot, goal_id: str) -> None:
    campaigns: list[Campaign] = list(snapshot.bodies["campaign"].values())
    users = sorted(c.key for c in campaigns if any(use.goal == goal_id for use in c.goals))
    if users:
        raise Conflict(f"It is a goal of {', '.join(users)}.")


def check_settings(snapshot: Snapshot, settings: ProjectSettings) -> None:
    """Values that the struct's types cannot express."""
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid.field("time_zone", "an IANA time zone such as Europe/London", settings.time_zone) from None
    if not 1 <= settings.dedupe_horizon_days <= 4000:
        raise Invalid.field("dedupe_horizon_days", "1 to 4000 days", settings.dedupe_horizon_days)
    if settings.lake_days is not None and not 1 <= settings.lake_days <= 36_500:
        raise Invalid.field("lake_days", "1 to 36500 days", settings.lake_days)
    for index, origin in enumerate(settings.allowed_origins):
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not host or set("/?#@ ") & set(host):
            raise Invalid.field(f"allowed_origins[{index}]", "an origin such as https://shop.example", origin)
    _check_visitor_keys(settings)
    if settings.retention_days is not None:
        _check_retention(snapshot, settings.retention_days)


def _check_visitor_keys(settings: ProjectSettings) -> None:
    """Public keys only: settings are read by every key with the scope ``read``, and kept in their history."""
    if settings.visitor_keys is None:
        return
    keys = settings.visitor_keys.get("keys")
    if not isinstance(keys, list) or not keys:
        raise Invalid.field("visitor_keys.keys", "a list of JSON Web Keys", type(keys).__name__)
    for index, key in enumerate(keys):
        public = isinstance(key, dict) and key.get("kty") in ("EC", "RSA", "OKP") and not SECRET_MEMBERS & set(key)
        if not public:
            raise Invalid.field(f"visitor_keys.keys[{index}]", "a public key of type EC, RSA or OKP", "another")


def _check_retention(snapshot: Snapshot, days: int) -> None:
    """Events may not leave before the longest look-back of any campaign in force, and the late window, have passed."""
    longest = 0
    for plan in snapshot.plans.values():
        for need in plan.needs.events:
            if not need.within and not need.since:
                raise Invalid.field(
                    "retention_days", f"none while {plan.key} looks back for ever at {need.name!r}", days
                )
            if need.since:
                raise Invalid.field(
                    "retention_days", f"none while {plan.key} looks back to a date at {need.name!r}", days
                )
            longest = max(longest, need.within)
    least = -(-(longest + LATE_WINDOW_MS) // DAY_MS)
    if days < least:
        raise Invalid.field("retention_days", f"at least {least} days: the longest look-back and a week", days)
