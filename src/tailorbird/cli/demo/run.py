"""The demo from start to end: a server, the shop in it, what three customers see, and how to go on from there."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from tailorbird.cli.demo import definitions, load, retail, shop, state, traffic
from tailorbird.cli.demo.client import Client
from tailorbird.cli.demo.show import Screen, sight
from tailorbird.cli.demo.state import State
from tailorbird.cli.errors import Failed
from tailorbird.cli.place import place
from tailorbird.cli.serve import setup_link
from tailorbird.cli.server import run

#: who is named in the history
_AUTHOR = "tailorbird demo"

if TYPE_CHECKING:
    from tailorbird.engine.runtime import Runtime

ITEMS, PEOPLE, ORDERS = 4_006, 4_285, 18_966
#: who is shown, in which words
_STORIES = {
    "high-spenders": "a high spender of the last 90 days",
    "lapsed-buyers": "a lapsed buyer",
    "newcomers": "a newcomer",
}
_STALE_DAYS = 14
#: of the shop's page, what is personal and a little more
_LINES = 8


def start(folder: Path, port: int | None, shop_port: int | None, once: bool) -> None:
    """Run the demo in ``folder``; returns when it was stopped, or after showing where ``once`` is said."""
    from tailorbird.settings import read
    from tailorbird.web.observe import configure

    year = retail.read(retail.folder())
    configure("error", sys.stderr)
    environ = {name: value for name, value in os.environ.items() if name == "TAILORBIRD_HOST"}
    listen = port if port is not None else 0 if once else None
    settings = read(environ, data=folder, port=listen, access_log=False)
    demo = Demo(year, folder, Screen(), once, shop_port)
    try:
        run(settings, place(folder), demo.beside)
    finally:
        demo.close()


class Demo:
    """One run of the demo beside a server that has started."""

    def __init__(
        self, year: retail.Shop, folder: Path, screen: Screen, once: bool, shop_port: int | None = None
    ) -> None:
        self._shop = year
        self._folder = folder
        self._screen = screen
        self._once = once
        self._shop_port = shop_port
        self._open: shop.Shop | None = None
        self._began = time.monotonic()

    def close(self) -> None:
        """Stop the shop, where one was started."""
        if self._open is not None:
            self._open.stop()

    async def beside(self, runtime: Runtime, base: str) -> bool:
        """Load what is missing, show, and say whether to go on serving."""
        held = state.read(self._folder) or await self._begin(runtime)
        client = Client(urlsplit(base).hostname or "", urlsplit(base).port or 0, held.secret)
        try:
            held = await asyncio.to_thread(self._fill, client, held)
            await self._check(runtime, client)
            await asyncio.to_thread(self._show, client, held)
            held = await asyncio.to_thread(self._open_shop, client, base, held)
        finally:
            client.close()
        self._say_how_to_go_on(base, held, time.monotonic() - self._began)
        if not self._once and (link := await setup_link(runtime, base)):
            self._screen.say(link)
        return not self._once

    async def _begin(self, runtime: Runtime) -> State:
        """A project, a key that may do everything in it, and by how many days the year is shifted."""
        from tailorbird.domain.access import SCOPES
        from tailorbird.engine.access import create_key, create_project

        if definitions.PROJECT_KEY in runtime.project_ids:
            raise Failed(
                f"{self._folder} holds a project {definitions.PROJECT_KEY!r} that is not this demo's,"
                f" or its {state.FILE} is gone. Choose another folder with --data, or remove this one."
            )
        await create_project(runtime, definitions.PROJECT_NAME, definitions.PROJECT_KEY, author=_AUTHOR)
        _, secret = await create_key(runtime, definitions.PROJECT_KEY, client="demo", scopes=SCOPES, author=_AUTHOR)
        days = self._shop.days_until(datetime.now(retail.ZONE).date())
        return state.write(self._folder, State(secret=secret, days=days))

    def _fill(self, client: Client, held: State) -> State:
        """Load and publish, unless that was done at an earlier start."""
        if held.loaded:
            self._say_what_is_there(held)
            return held
        now = datetime.now(UTC)
        self._say_what_comes(held, now)
        with self._screen.progress("products", len(self._shop.products)) as advance:
            load.load_items(client, self._shop, advance)
        began = time.monotonic()
        with self._screen.progress("orders", len(self._shop.orders)) as advance:
            known = load.load_orders(client, self._shop, held.days, advance)
        rate = len(self._shop.orders) / (time.monotonic() - began)
        again = f"; {known:,} were there already and count once" if known else ""
        self._screen.say(
            f"  {len(self._shop.orders):,} orders recorded over HTTP, {rate:,.0f} a second, each durable{again}."
        )
        load.publish(client)
        self._screen.say(
            f"  Published {len(definitions.AUDIENCES)} audiences, a saved template, {len(definitions.GOALS)} goals"
            f" and {len(definitions.CAMPAIGNS)} running campaigns, each with 5 % control."
        )
        with self._screen.progress("visits", traffic.expected(self._shop, held.days, now)) as advance:
            came = traffic.replay(client, self._shop, held.days, now, advance)
        self._screen.say(
            f"  Two campaigns have traffic: {came:,} real visits; what those people did with what they were shown is"
            " simulated."
        )
        customers = load.choose_customers(client, self._shop, held.days, now)
        return state.write(self._folder, replace(held, loaded=True, customers=customers))

    async def _check(self, runtime: Runtime, client: Client) -> None:
        """``Failed`` when not everything of the year is there. More may be: people try things out."""
        from tailorbird.engine.people import people

        count = orders = after = 0
        while True:
            page, after = await people(runtime, definitions.PROJECT_KEY, after, 1_000)
            count += len(page)
            orders += sum(person["events"].get("order", {}).get("count", 0) for person in page)
            if not after:
                break
        items = await asyncio.to_thread(load.count_items, client)
        for what, found, expected in (
            ("products", items, ITEMS),
            ("customers", count, PEOPLE),
            ("orders", orders, ORDERS),
        ):
            if found < expected:
                raise Failed(
                    f"Of {expected:,} {what} only {found:,} are there."
                    f" Remove the folder {self._folder} and start again."
                )
        self._screen.say(f"  There are {items:,} products, {count:,} customers and {orders:,} orders.")

    def _show(self, client: Client, held: State) -> None:
        rules = load.rule_names(client)
        for audience, customer in held.customers.items():
            orders = self._shop.customers[customer]
            total = sum(order.amount for order in orders)
            title = f"Customer {customer}, {_STORIES[audience]}: {orders[0].country},"
            title += f" {len(orders)} order{'s' if len(orders) > 1 else ''}, GBP {total:,.2f}"
            decisions = load.decide(client, customer, explain=True)
            self._screen.customer(title, [sight(key, decisions[key], rules[key]) for key in definitions.CAMPAIGN_KEYS])

    def _open_shop(self, client: Client, base: str, held: State) -> State:
        """The example shop, in a process of its own."""
        if not shop.script().is_file():
            self._screen.say("\nThe example shop is part of the repository, and not of what is installed here.")
            return held
        if not held.page_key:
            secret, page_key = load.make_keys(client)
            held = state.write(self._folder, replace(held, shop_secret=secret, page_key=page_key))
        port = shop.free_port(self._shop_port, urlsplit(base).port or 0)
        load.allow_origins(client, shop.origins(port))
        stories = {customer: _STORIES[audience] for audience, customer in held.customers.items()}
        told = shop.environ(base, held.shop_secret, held.page_key, stories)
        self._open = shop.Shop(port, told)
        if self._once:
            self._show_shop(self._open, *next(iter(stories.items())))
        return held

    def _show_shop(self, opened: shop.Shop, customer: str, story: str) -> None:
        self._screen.say(f"\nThe shop's home page for customer {customer}, {story}:")
        for line in opened.home_page_of(customer)[:_LINES]:
            self._screen.say(f"  {line}")

    def _say_what_comes(self, held: State, now: datetime) -> None:
        last = retail.shifted(self._shop.orders[-1].at, held.days).date()
        self._screen.say(
            "A year of a real shop (D. Chen, Online Retail II, UCI, CC BY 4.0), all dates shifted by"
            f" {held.days:,} days so that the last order is today, {last.isoformat()}."
        )
        ahead = retail.later_than(self._shop, held.days, now)
        if ahead:
            self._screen.say(
                f"  {ahead} orders of today are later than now: like those of every clock that is ahead, they count as"
                " received now."
            )

    def _say_what_is_there(self, held: State) -> None:
        last = retail.shifted(self._shop.orders[-1].at, held.days)
        age = (datetime.now(UTC).date() - last.date()).days
        ended = "today" if age < 1 else f"{age} days ago" if age > 1 else "yesterday"
        self._screen.say(
            f"The demo in {self._folder} goes on: the shop's year, shifted by {held.days:,} days, ended {ended}."
        )
        if age > _STALE_DAYS:
            self._screen.say(f"  For a year that ends today, remove the folder {self._folder} and start again.")

    def _say_how_to_go_on(self, base: str, held: State, seconds: float) -> None:
        body = {"visitor": {"id": held.customers["newcomers"]}, "groups": ["home"], "explain": True}
        parts = (
            f"curl -s {base}/v1/decide",
            f"-H 'Authorization: Bearer {held.secret}'",
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(msgspec.json.encode(body).decode())}",
        )
        say = self._screen.say
        say()
        say(f"Ready after {seconds:.1f} s.")
        say(f"  address        {base}  (documentation: {base}/docs)")
        if self._open is not None:
            say(f"  shop           {self._open.address}  (examples/shop; log in as one of the three)")
        say(f"  project        {definitions.PROJECT_KEY}, kept in {self._folder}")
        say(f"  key            {held.secret}")
        say()
        say(" \\\n  ".join(parts))
        say()
        say("Did they help? One campaign has ended, the other runs:")
        for one in traffic.ALL:
            say(f"  tailorbird results {one.campaign['key']} --data {self._folder}")
        say()
        if self._once:
            say("Stopping, since it was to run once. `make demo` keeps serving.")
        else:
            say("Serving. Ctrl-C stops it; the next start takes seconds and keeps everything.")
