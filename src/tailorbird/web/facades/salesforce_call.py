"""One event of Salesforce's Event API on its way: recorded first, then decided, so that what it says already counts."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.access import ApiKey
from tailorbird.domain.campaign import Channel
from tailorbird.domain.errors import Invalid, Unavailable
from tailorbird.domain.facts import ATTRIBUTES, CLICK, DISMISSAL, IMPRESSION
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context
from tailorbird.engine import consent, identities
from tailorbird.engine.calls import DecideCall, Detail, EventInput
from tailorbird.engine.decide import details
from tailorbird.engine.gather import find, is_stranger
from tailorbird.engine.preview import rehearsals
from tailorbird.engine.record import record
from tailorbird.engine.reports import token_for
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades import salesforce_events as events
from tailorbird.web.facades import salesforce_request as request
from tailorbird.web.facades import salesforce_response as response
from tailorbird.web.facades.door import sentence
from tailorbird.web.facades.salesforce_catalogue import Arrivals
from tailorbird.web.facades.salesforce_templates import Templates
from tailorbird.web.facades.salesforce_visitor import BUSY, CORRECTED, NO_EVENT, Who

DOOR = "salesforce"
#: words for a consent that is given, without blanks and in small letters
GIVEN = ("optin", "true", "given", "granted", "accepted")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    snapshot: Snapshot
    key: ApiKey
    event: request.Event
    #: as it came
    members: dict[str, Any]
    who: Who
    context: Context
    #: 24 hexadecimal digits; of an event that tells its time always the same, so that a retry is the same event
    id: str
    authenticated: bool

    @property
    def debug(self) -> request.Debug:
        """What is asked for beside the campaigns; only servers may."""
        return self.event.debug if self.authenticated and self.event.debug is not None else request.Debug()

    @property
    def channel(self) -> Channel | None:
        """Whose campaigns are answered: the server's to servers that say so, the web's to everybody else.

        None where a browser claims to be a server, and where no campaigns are wanted.
        """
        flags = self.event.flags
        if (flags is not None and flags.no_campaigns) or "decide" not in self.key.scopes:
            return None
        if not self.event.by_server:
            return "web"
        return "server" if self.authenticated else None


class Handling:
    """What is done with every event."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._templates = Templates(runtime)
        self._arrivals = Arrivals(runtime)

    async def answer(self, call: Call) -> response.Answer:
        """The whole answer; what went wrong on the way is told by one code."""
        answer = response.Answer(id=call.id)
        try:
            code, message = await self._record(call)
        except Unavailable as error:
            code, message = BUSY, error.detail
        if await self._decide(call, answer) and not code:
            code, message = BUSY, "The store is away: what needs it was left out."
        await self._identify(call, answer)
        answer.error_code = code
        if message:
            answer.message = sentence(message)
        if call.who.corrected is not None:
            answer.anon_id = call.who.corrected
        if call.debug.explanations:
            answer.event_details = call.members
        return answer

    # -- recording -----------------------------------------------------------------------------------------------------

    async def _record(self, call: Call) -> tuple[int, str]:
        """Keep what the event says, durably. Returns the protocol's code and a sentence on it."""
        profile, relinked = await self._known(call)
        try:
            inputs = self._inputs(call, profile)
        except Invalid as error:
            return NO_EVENT, error.detail
        refused = await self._consents(call) if call.who.believed else ""
        if inputs:
            publishable = not call.who.believed
            recorded = await record(self._runtime, call.key.project, inputs, source=DOOR, publishable=publishable)
            refused = refused or next((one.error for one in recorded.rejected), "")
        if refused:
            return NO_EVENT, refused
        if call.who.corrected is not None:
            return CORRECTED, "user.anonId was malformed: from now on it is anonId of this answer."
        return (CORRECTED, "user.anonId was another user's, and is this one's from now on.") if relinked else (0, "")

    def _inputs(self, call: Call, profile: Profile | None) -> list[EventInput | Invalid]:
        event, snapshot = call.event, call.snapshot
        tokens = (
            token_for(snapshot, call.context, profile, stat.report, trusted=call.authenticated)
            for stat in event.campaign_stats or ()
        )
        told = events.Told(
            event=event,
            visitor=call.who.visitor,
            id=call.id,
            believed=call.who.believed,
            cart=events.cart_of(profile.attributes) if profile is not None and call.who.believed else {},
            tokens=tuple(tokens),
        )
        inputs = events.inputs(told)
        if call.authenticated:
            return [*inputs, *self._arrivals.note(snapshot, events.items(event))]
        return [_for_anybody(snapshot, one) for one in inputs]

    async def _known(self, call: Call) -> tuple[Profile | None, bool]:
        """The person as known before the event, where it takes that to understand it; and whether its anonymous id
        was somebody else's."""
        visitor, event = call.who.visitor, call.event
        both = visitor.id is not None and visitor.anonymous_id is not None
        if not (both or event.campaign_stats or (call.who.believed and events.touches_cart(event))):
            return None, False
        try:
            found = await find(self._runtime, call.snapshot, call.context)
        except Unavailable:
            return None, False
        if is_stranger(call.snapshot, call.context, found):
            return None, False
        return found.known or found.anonymous, identities.is_relinked(visitor, found)

    async def _consents(self, call: Call) -> str:
        """Keep the consents; returns what was wrong with the first that cannot be kept."""
        wrong = ""
        for told in call.event.consents or ():
            given = told.status if isinstance(told.status, bool) else told.status.replace(" ", "").lower() in GIVEN
            try:
                await consent.note(
                    self._runtime,
                    call.key.project,
                    call.who.visitor,
                    told.purpose,
                    given=given,
                    at=events.time_of(call.event) or call.context.now,
                    properties={"provider": told.provider} if told.provider else {},
                    source=DOOR,
                )
            except Invalid as error:
                wrong = wrong or error.detail
        return wrong

    # -- deciding ------------------------------------------------------------------------------------------------------

    async def _decide(self, call: Call, answer: response.Answer) -> bool:
        """Fill in the campaigns; returns whether they are degraded."""
        if call.channel is None:
            return False
        explain = call.debug.explanations
        asked = DecideCall(context=call.context, channel=call.channel, explain=explain, door=DOOR)
        made, degraded = await details(self._runtime, call.key.project, asked)
        shown = [*await self._forced(call), *made]
        names, answer.compiled_campaign_templates = await self._templates.of(call.snapshot, shown)
        item = call.snapshot.catalogue.item
        found: dict[str, response.Classic | response.FromTemplate] = {}
        for detail in shown:
            campaign = response.shown(detail, item, names)
            if campaign is not None:
                found.setdefault(campaign.campaign_id, campaign)
        answer.campaign_responses = list(found.values())
        if explain:
            answer.campaign_explanations = response.explanations(made)
        return degraded

    async def _forced(self, call: Call) -> list[Detail]:
        """Experiences that test users asked for by id."""
        told = call.debug.test_messages
        if not isinstance(told, str) or told.strip().lower() in ("", "true", "false"):
            return []  # campaigns in testing serve their test users without being asked
        wanted = [one.strip() for one in told.split(",")][:100]
        made = await rehearsals(self._runtime, call.key.project, call.context, wanted)
        return [one for one in made if one.campaign is not None and one.campaign.channel == call.channel]

    # -- identities ----------------------------------------------------------------------------------------------------

    async def _identify(self, call: Call, answer: response.Answer) -> None:
        """The person's id where the project resolves identities, else the user id encrypted."""
        snapshot, visitor = call.snapshot, call.who.visitor
        if not snapshot.settings.identity_resolution:
            sealed = identities.seal(snapshot, visitor.id) if visitor.id is not None else None
            if sealed is not None:
                answer.persisted_user_id = response.PersistedUser(entity_id=sealed)
            return
        try:
            found = await find(self._runtime, snapshot, call.context)
        except Unavailable:
            return
        profile = found.known or found.anonymous
        if profile is not None and not is_stranger(snapshot, call.context, found):
            answer.resolved_user_id = identities.primary_id(snapshot, profile)


def _for_anybody(snapshot: Snapshot, one: EventInput | Invalid) -> EventInput | Invalid:
    """What browsers may report: what was shown to them, and what the project lists; also for believed user ids."""
    if isinstance(one, Invalid):
        return one
    if one.name in (IMPRESSION, CLICK, DISMISSAL):
        return one if one.token else Invalid.field("campaignStats", "an experience that was shown to this visitor")
    if one.name == ATTRIBUTES or one.name in snapshot.settings.publishable_events:
        return one
    expected = "an event name that this project allows without authentication"
    return Invalid.field("action", expected, one.name)
