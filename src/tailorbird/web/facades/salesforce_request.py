"""What callers of Salesforce's Event API send, in its four encodings. Unknown members are tolerated."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.reports import Report
from tailorbird.web.facades.told import NO_JSON, Id, attributes, document

FORM = b"application/x-www-form-urlencoded"
#: statistics by the words that clients use for them
STATS = {"impression": "impression", "click": "click", "clickthrough": "click", "dismissal": "dismissal"}
SERVER = "server"


class Debug(msgspec.Struct, frozen=True, rename="camel"):
    """What is asked for beside the campaigns."""

    explanations: bool = False
    #: ``"true"``, or ids of experiences with commas between them
    test_messages: bool | str | None = None


class Flags(msgspec.Struct, frozen=True, rename="camel"):
    """How the event is meant."""

    no_campaigns: bool = False
    page_view: bool = False
    non_interactive: bool = False
    do_not_track: bool = False


class Source(msgspec.Struct, frozen=True, rename="camel"):
    """Where the event comes from."""

    channel: str | None = None
    application: str | None = None
    page_type: str | None = None
    url: str | None = None
    url_referrer: str | None = None
    locale: str | None = None
    content_zones: tuple[str, ...] | None = None
    #: epoch milliseconds
    time: int | float | None = None


class User(msgspec.Struct, frozen=True, rename="camel"):
    """Whose event it is."""

    id: Id | None = None
    #: judged apart, as a malformed one is corrected and not refused
    anon_id: Any = None
    anonymous_id: Any = None
    encrypted_id: str | None = None
    attributes: dict[str, Any] | None = None
    identities: dict[str, Any] | None = None


class Account(msgspec.Struct, frozen=True):
    """The account that the user belongs to."""

    id: Id | None = None
    domain: str | None = None
    attributes: dict[str, Any] | None = None


class Consent(msgspec.Struct, frozen=True):
    """A consent that was given or withdrawn."""

    purpose: str
    status: str | bool
    provider: str | None = None


class Stat(msgspec.Struct, frozen=True, rename="camel"):
    """A report of what was shown, clicked or dismissed."""

    experience_id: Id
    stat: str
    #: some clients send it as text
    control: bool | str | None = None
    catalog: dict[str, Any] | None = None

    @property
    def report(self) -> Report:
        """The same, as the engine looks it up."""
        control = self.control
        if isinstance(control, str):
            control = {"true": True, "false": False}.get(control.strip().lower())
        return Report(str(self.experience_id), control)


class LineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a cart or an order."""

    id: Id = msgspec.field(name="_id")
    price: float | None = None
    quantity: float | None = None
    sku: Any = None


class Cart(msgspec.Struct, frozen=True, rename="camel"):
    """What happened to the cart: one line of it, or all that it holds now."""

    #: type of item → line
    single_line: dict[str, LineItem] | None = None
    #: type of item → lines
    complete: dict[str, tuple[LineItem, ...]] | None = None


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """An order of items of one type."""

    order_id: Id | None = None
    total_value: float | None = None
    currency: str | None = None
    #: absent: the lines of the cart
    line_items: tuple[LineItem, ...] | None = None


class Interaction(msgspec.Struct, frozen=True):
    """The action, as newer clients name it."""

    name: str | None = None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One event. All of it is optional but somebody whose event it is."""

    action: str | None = None
    item_action: str | None = None
    interaction: Interaction | None = None
    debug: Debug | None = None
    flags: Flags | None = None
    source: Source | None = None
    user: User | None = None
    account: Account | None = None
    consents: tuple[Consent, ...] | None = None
    #: type of item → the object, or several
    catalog: dict[str, dict[str, Any] | tuple[dict[str, Any], ...]] | None = None
    cart: Cart | None = None
    order: dict[str, Order] | None = None
    campaign_stats: tuple[Stat, ...] | None = None

    @property
    def by_server(self) -> bool:
        """Whether it says to come from a server; in any case of letters."""
        channel = self.source.channel if self.source is not None else None
        return channel is not None and channel.strip().lower() == SERVER


_members = msgspec.json.Decoder(dict[str, Any]).decode


def members(body: bytes) -> dict[str, Any]:
    """The members of an event in JSON; ``Invalid`` where it is none."""
    return document(_members, body)


def event(told: dict[str, Any]) -> Event:
    """The members with a meaning; numbers and booleans may come as text, null stands for nothing."""
    try:
        return msgspec.convert(told, Event, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Invalid(f"This is no event: {error}.") from None


def of_form(body: bytes) -> bytes:
    """The event of a form or a query, ``event=``: as it is where it begins like an object, else in base64."""
    try:
        values = parse_qs(body.decode("ascii"), max_num_fields=100).get("event")
    except ValueError:
        values = None
    if not values:
        raise Invalid.field("event", "an event in the form or the query: event=…", "none")
    text = values[0].strip()
    if text.startswith("%7B") or text.startswith("%7b"):  # escaped twice
        return of_form(b"event=" + text.encode())
    return text.encode("utf-8", "surrogatepass") if text.startswith("{") else _from_base64(text)


def _from_base64(text: str) -> bytes:
    told = text.replace(" ", "+").rstrip("=")  # a plus that nobody escaped means a blank in a form
    told += "=" * (-len(told) % 4)
    try:
        return urlsafe_b64decode(told) if "-" in told or "_" in told else b64decode(told, validate=True)
    except (Base64Error, ValueError):
        raise Invalid.field("event", NO_JSON, detail="event is neither JSON nor JSON in base64.") from None


def context(told: Event, who: Visitor, now: int, agent: str | None = None, address: str | None = None) -> Context:
    """The request as the engine sees it: conditions read the user's attributes, and ``event`` and ``source``."""
    source = told.source or Source()
    facts = dict(attributes(told.user.attributes or {}) if told.user is not None else {})
    facts["event"] = _told(action=action(told), itemAction=told.item_action)
    facts["source"] = _told(
        channel=source.channel,
        application=source.application,
        pageType=source.page_type,
        contentZones=list(source.content_zones) if source.content_zones else None,
    )
    return Context(
        visitor=who,
        now=now,
        attributes=facts,
        url=_short(source.url, 8192),
        referrer=_short(source.url_referrer, 8192),
        locale=(_short(source.locale, 35) or "").replace("_", "-") or None,
        user_agent=agent,
        ip=address,
    )


def action(told: Event) -> str | None:
    """The name of what happened."""
    return told.action or (told.interaction.name if told.interaction is not None else None) or None


def _told(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _short(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None
