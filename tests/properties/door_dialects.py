"""How each door is asked and told, and what it must answer to what our own API decides: a second translation, written
from the documents of the protocols, beside the one in ``web/facades``."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from urllib.parse import quote

from tests.properties.door_basis import CONTROL, NOTHING, SHOWN, Door, Outcome, Told, request, text
from tests.properties.door_worlds import AGENTS, Person


class Intempt(Door):
    """Asked by names; nobody hands anything back, pages are tracked."""

    name = "intempt"

    def credentials(self) -> str:
        return self.basic()

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        who = {"userId": person.id, "profileId": person.anonymous_id, "sourceId": 684508596718616576}
        body = {"identification": who, "names": keys, "device": (person.device or "all").upper()}
        path = f"/v1/acme/projects/{self.project}/optimization/choose-api"
        status, told = await self.call(path, body)
        assert status == 200, told
        shown = {one["name"]: Outcome("shown", payload=text(one["body"])) for one in told["choices"]}
        return {key: shown.get(key, NOTHING) for key in keys}

    def expected(self, key: str, told: Told) -> Outcome:
        return Outcome("shown", payload=text(told["payload"])) if told["reason"] in SHOWN else NOTHING

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        shown = self.to_report(seen)
        who = {"userId": person.id, "profileId": person.anonymous_id}
        items = [
            {"eventId": f"{person.number}-{key}-{self.runtime.clock()}", **who, "data": {"name": key}} for key in shown
        ]
        path = f"/v1/acme/projects/{self.project}/sources/1/track"
        status, told = await self.call(path, {"track": [{"name": "impression", "payload": items}]})
        assert (status, told) == (201, None)
        return len(shown)


class MoEngage(Door):
    """Asked by keys; contexts are handed back."""

    name = "moengage"

    def credentials(self) -> str:
        return self.basic()

    async def call(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return await super().call(path, body, moe_appkey=self.project, **headers)

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        ids = {"customer_id": person.id, "visitor_id": person.anonymous_id}
        agent = {"USER_AGENT": AGENTS[person.device]} if person.device else {}
        status, told = await self.call("/v1/experiences/fetch", {**ids, **agent, "experience_key": keys})
        assert status == 200, told
        found = dict.fromkeys(keys, NOTHING)
        for key, one in told["experiences"].items():
            context = one["experience_context"]
            variation = self.experiences[context["moe_variation_id"]]
            found[key] = Outcome("shown", variation, text(one["payload"]), handle=context["cid"])
        return found

    def expected(self, key: str, told: Told) -> Outcome:
        if told["reason"] not in SHOWN:
            return NOTHING
        payload = members(told["payload"])
        if is_rows(payload):
            payload = rows(payload["messages"])
        named = {name: {"value": value, "data_type": data_type(value)} for name, value in payload.items()}
        return Outcome("shown", told["experience"], text(named))

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        shown = self.to_report(seen)
        actions = [
            {
                "action": "MOE_PERSONALIZATION_MESSAGE_SHOWN",
                "moe_event_uuid": f"{person.number}-{key}-{self.runtime.clock()}",
                "event_time": self.runtime.clock() // 1000,
                "platform": "web",
                "attributes": {"cid": cid},
            }
            for key, cid in shown.items()
        ]
        if actions:
            element = {"customer_id": person.id or person.anonymous_id, "actions": actions}
            status, told = await self.call("/v1/experiences/events", {"elements": [element]})
            assert status == 200, told
        return len(shown)


def members(payload: Any) -> Told:
    return payload if isinstance(payload, dict) else {"value": payload}


def is_rows(payload: Told) -> bool:
    return payload.keys() == {"messages"}


def rows(messages: list[Told]) -> Told:
    """The rows of messages by name. No two messages of a world have a row of the same name."""
    return {name: value for message in messages for name, value in message["values"].items()}


def data_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "number", float: "float"}
    return kinds.get(type(value), "json")


class Salesforce(Door):
    """Asked for everything open, once as a server and once as a page; statistics name experiences, control's too."""

    name = "salesforce"
    by_report = True

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        found = dict.fromkeys(keys, NOTHING)
        for channel in ("Server", "Web"):
            for one in (await self.event(person, channel))["campaignResponses"]:
                key = next(key for key, body in self.bodies.items() if body["id"] == one["campaignId"])
                found[key] = self.outcome(one, channel)
        return found

    async def event(self, person: Person, channel: str, **members: Any) -> Told:
        user = {"id": person.id, "anonId": person.anonymous_id}
        body = {"user": user, "source": {"channel": channel}, **members}
        if channel == "Web" and person.id is None:  # a page: only it can tell its device
            agent = {"user_agent": AGENTS[person.device]} if person.device else {}
            form = b"event=" + quote(json.dumps(body)).encode()
            told = {"content-type": "application/x-www-form-urlencoded", **agent}
            status, found = await request(self.app, f"/api2/event/{self.project}", form, told)
        else:
            path = f"/api2/authevent/{self.project}"
            status, found = await self.call(path, body, authorization=self.basic())
        assert (status, found["errorCode"]) in ((200, 0), (200, 3)), found
        answer: Told = found
        return answer

    def outcome(self, one: Told, channel: str) -> Outcome:
        assert one["campaignType"] == ("Web" if channel == "Web" else "ServerSide")
        assert self.experiences[one["experienceId"]] == one["experienceName"]
        handle = one["experienceId"]  # what statistics name
        if one["userGroup"] == "Control":
            assert not one.get("serverSideMessages")
            return Outcome("control", handle=handle)
        if one["type"] == "c":
            messages = [(told["targetName"], told["dataMap"]) for told in one["serverSideMessages"]]
            return Outcome("shown", one["experienceName"], text(messages), handle=handle)
        payload = dict(one["payload"])
        group = [payload.pop(name) for name in ("campaign", "experience", "userGroup")]
        assert group == [one["campaignId"], one["experienceId"], "Test"]
        return Outcome("shown", one["experienceName"], text(payload), handle=handle)

    def expected(self, key: str, told: Told) -> Outcome:
        if told["reason"] == "CONTROL":
            return CONTROL
        if told["reason"] not in SHOWN:
            return NOTHING
        payload: Any = members(told["payload"])
        if is_rows(payload) and self.bodies[key].get("channel") != "web":
            payload = [(one["target"], data_map(one["values"])) for one in payload["messages"]]
        return Outcome("shown", told["experience"], text(payload))

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        stats = [
            {"experienceId": handle, "stat": "Impression", "control": seen[key].what == "control"}
            for key, handle in self.to_report(seen).items()
        ]
        if stats:
            await self.event(person, "Server", campaignStats=stats, flags={"noCampaigns": True})
        return len(stats)


def data_map(values: Told) -> Told:
    """The rows of a message, promoted items as Salesforce's callers know them."""
    return {name: [_item(one) for one in v] if isinstance(v, list) else v for name, v in values.items()}


def _item(one: Told) -> Told:
    return {"type": "p", "_id": one["id"], **one.get("attributes", {})}


class OfrepSingle(Door):
    """Asked for one flag at a time; every reason is told, and tokens are handed back."""

    name = "ofrep"
    #: our reasons in OpenFeature's words
    WORDS: ClassVar = {
        **{"TARGETING_MATCH": "TARGETING_MATCH", "SPLIT": "SPLIT", "CONTROL": "SPLIT"},
        **{"DISABLED": "DISABLED", "CAPPED": "DISABLED"},
        **dict.fromkeys(("DEFAULT", "EXCLUDED", "WITHHELD", "DEGRADED"), "UNKNOWN"),
    }

    def context(self, person: Person) -> Told:
        agent = {"userAgent": AGENTS[person.device]} if person.device else {}
        return {"targetingKey": person.id, "anonymousId": person.anonymous_id, **agent}

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        found = {}
        for key in keys:
            path = f"/ofrep/v1/evaluate/flags/{key}"
            status, told = await self.call(path, {"context": self.context(person)})
            assert told["key"] == key
            found[key] = self.flag(told)
            assert status == {"UNKNOWN": 404, "ERROR": 400}.get(str(found[key].reason), 200)
        return found

    def flag(self, told: Told) -> Outcome:
        if "errorCode" in told:
            assert told["errorDetails"]
            return Outcome("failed", reason={"FLAG_NOT_FOUND": "UNKNOWN", "GENERAL": "ERROR"}[told["errorCode"]])
        reason, token = told["metadata"]["reason"], told["metadata"].get("token")
        assert told["reason"] == self.WORDS[reason]
        if "value" in told:
            return Outcome("shown", told["variant"], text(told["value"]), reason, token)
        what = {"control": "control", "default": "nothing"}[told["variant"]]
        return Outcome(what, reason=reason, handle=token)

    def expected(self, key: str, told: Told) -> Outcome:
        reason = told["reason"]
        if reason in SHOWN:
            return Outcome("shown", told["experience"], text(told["payload"]), reason)
        if reason in ("ERROR", "UNKNOWN"):
            return Outcome("failed", reason=reason)
        return Outcome("control" if reason == "CONTROL" else "nothing", reason=reason)

    async def report(self, person: Person, seen: dict[str, Outcome]) -> int:
        tokens = [*self.to_report(seen).values()]
        for token in tokens:
            body = {"context": self.context(person), "trackingEventName": "impression", "token": token}
            status, told = await self.call("/ofrep/v1/track", body)
            assert (status, told["accepted"]) == (200, 1), told
        return len(tokens)


class OfrepBulk(OfrepSingle):
    """Asked for all flags at once: those that run, those that are paused, and for test users those in testing."""

    name = "ofrep bulk"
    by_report = True

    async def ask(self, person: Person, keys: list[str]) -> dict[str, Outcome]:
        status, told = await self.call("/ofrep/v1/evaluate/flags", {"context": self.context(person)})
        assert status == 200, told
        flags = {flag["key"]: self.flag(flag) for flag in told["flags"]}
        assert flags.keys() <= set(keys)
        return {key: flags.get(key, NOTHING) for key in keys}

    def expected(self, key: str, told: Told) -> Outcome:
        status = self.bodies[key].get("status", "draft") if key in self.bodies else ""
        offered = status in ("running", "paused") or (status == "testing" and told["reason"] != "DISABLED")
        return super().expected(key, told) if offered else NOTHING
