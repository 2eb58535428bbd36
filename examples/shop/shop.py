"""A server-rendered shop with personal pages: its backend asks Tailorbird once per page. README.md says how to run it.

What to take along: personal.py, ``Shop.visitor``, ``Shop.personal``, the calls of ``record``, the tokens in templates/.
"""

import csv
import gzip
import json
import logging
import os
import re
import secrets
import signal
import sys
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

from liquid import Environment, FileSystemLoader
from markupsafe import Markup
from personal import PATIENCE, Tailorbird
from web import Handler, Reply, Route, Server, Session, Site, Visit, go

HERE = Path(__file__).resolve().parent
PER_PAGE, DELIVERY = 24, 4.50
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Shop:
    """The pages, and what visitors do on them."""

    def __init__(self, tailorbird: Tailorbird, script_from: str, page_key: str, customers: Any) -> None:
        self.tailorbird = tailorbird
        with gzip.open(HERE.parent / "retail" / "products.csv.gz", "rt", encoding="utf-8") as file:
            self.best = sorted(csv.DictReader(file), key=lambda row: -int(row["order_line_count"]))
        self.products = {row["product_id"]: row for row in self.best}
        self.files = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}
        known = {"script_from": script_from, "page_key": page_key, "customers": customers, "products": self.products}
        folder = FileSystemLoader(HERE / "templates", ext=".html")
        self.templates = Environment(loader=folder, autoescape=True, globals=known)
        self.templates.add_filter("pounds", lambda value: f"£{float(value):,.2f}")
        #: no inline script or style; Tailorbird may give a script and be told of events
        self.policy = (
            f"default-src 'none'; script-src 'self' {script_from}; connect-src {script_from}; style-src 'self';"
            " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def visitor(self, visit: Visit) -> dict[str, str]:
        """Both ids as soon as both are known: thus a login keeps what the visitor was shown before it."""
        known = {"id": visit.session.customer} if visit.session.customer else {}
        return {"anonymous_id": visit.device, **known}

    def personal(self, visit: Visit, *campaigns: str) -> dict[str, Any]:
        """Campaign → decision: one question for everything on the page. What has no decision, or one without payload,
        the templates show in the shop's own words. The control group is such a case: it has a token to report with."""
        seen = visit.environ
        context = {
            "url": visit.origin + seen["PATH_INFO"],
            "referrer": seen.get("HTTP_REFERER", ""),
            "user_agent": seen.get("HTTP_USER_AGENT", ""),
            "ip": seen.get("REMOTE_ADDR", ""),  # behind a proxy: what your framework makes of X-Forwarded-For
            "attributes": {"basket_items": visit.session.basket.total()},
        }
        return self.tailorbird.decide(self.visitor(visit), campaigns, context)

    def page(self, visit: Visit, name: str, status: str = "200 OK", **data: Any) -> Reply:
        """A template within the frame of all pages. No cache keeps it: it is one visitor's."""
        data |= {"session": vars(visit.session), "items": visit.session.basket.total(), "query": visit.query}
        body = self.templates.get_template(name).render(**data)
        whole = self.templates.get_template("frame").render(main=Markup(body), **data)
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "private, no-store"}
        return status, headers | {"Content-Security-Policy": self.policy}, whole.encode()

    def home(self, visit: Visit, _: str) -> Reply:
        """Two campaigns, one question."""
        return self.page(visit, "home", best=self.best[:8], personal=self.personal(visit, "home-hero", "buy-again"))

    def listing(self, visit: Visit, _: str) -> Reply:
        """Everything, page by page. Nothing is personal here, so nothing is asked."""
        asked = visit.query.get("page", "")
        number = int(asked) if re.fullmatch("[1-9][0-9]{0,2}", asked) else 1
        return self.page(visit, "listing", number=number, shown=self.best[(number - 1) * PER_PAGE :][:PER_PAGE])

    def product(self, visit: Visit, id: str) -> Reply:
        """One product, and an event that it was looked at."""
        if id not in self.products:
            return self.missing(visit, id)
        self.tailorbird.record("view", self.visitor(visit), properties={"product": id})
        return self.page(visit, "product", product=self.products[id], personal=self.personal(visit, "basket-offer"))

    def basket(self, visit: Visit, _: str) -> Reply:
        """What the visitor is offered is not only shown: its code changes what they pay."""
        personal = self.personal(visit, "basket-offer")
        offer = personal.get("basket-offer", {}).get("payload") or {}
        visit.session.code = offer.get("code", "")
        return self.page(visit, "basket", bill=self.bill(visit.session), personal=personal)

    def bill(self, session: Session) -> dict[str, Any]:
        """The lines of the basket, and what they cost together."""
        lines: list[dict[str, Any]] = [self.products[id] | {"count": count} for id, count in session.basket.items()]
        goods = sum(float(line["median_price"]) * line["count"] for line in lines)
        off = round(0.05 * goods, 2) if session.code == "FIVE" else 0
        delivery = 0 if session.code == "POSTFREE" else DELIVERY
        return {"lines": lines, "off": off, "delivery": delivery, "total": round(goods - off + delivery, 2)}

    def put(self, visit: Visit, _: str) -> Reply:
        """Into the basket, or out of it."""
        visit.session.basket.pop(visit.form.get("remove", ""), None)
        if (id := visit.form.get("add", "")) in self.products:
            visit.session.basket[id] += 1
            visit.keep()
            self.tailorbird.record("add_to_basket", self.visitor(visit), properties={"product": id})
        return go("/basket")

    def order(self, visit: Visit, _: str) -> Reply:
        """The order's number is the event's id: however often it is sent, it is one order."""
        bill, number = self.bill(visit.session), f"W{secrets.token_hex(5)}"
        if not bill["lines"]:
            return go("/basket")
        ids = [line["product_id"] for line in sorted(bill["lines"], key=lambda line: -float(line["median_price"]))]
        told = {"order_id": number, "amount": bill["total"], "currency": "GBP", "product": ids[0], "products": ids[:3]}
        told["items"] = visit.session.basket.total()
        self.tailorbird.record("order", self.visitor(visit), id=number, properties=told, channel="shop")
        visit.session.basket.clear()
        return go(f"/thanks?order={number}")

    def login(self, visit: Visit, _: str) -> Reply:
        """Without a password, as nothing here is anybody's. The event has both ids: the device is theirs now."""
        if not re.fullmatch("[0-9]{5}", visit.form.get("customer", "")):
            return go("/login?wrong=1")
        visit.session.customer = visit.form["customer"]
        visit.begin(visit.session)
        self.tailorbird.record("login", self.visitor(visit))
        return go("/")

    def logout(self, visit: Visit, _: str) -> Reply:
        """The device stays known, and with it what it was shown."""
        visit.begin(Session())
        return go("/")

    def static(self, visit: Visit, name: str) -> Reply:
        """The style sheet, and the script that reports."""
        if name not in self.files:
            return self.missing(visit, name)
        visit.cookies.clear()  # what a cache may keep is nobody's
        return "200 OK", {"Content-Type": TYPES[Path(name).suffix], "Cache-Control": "max-age=300"}, self.files[name]

    def missing(self, visit: Visit, _: str) -> Reply:
        """Whatever else is asked for."""
        return self.page(visit, "missing", "404 Not Found")

    def site(self) -> Site:
        """The WSGI application."""

        def plain(name: str) -> Route:
            return lambda visit, _: self.page(visit, name)

        return Site(
            {
                "GET /": self.home,
                "GET /all": self.listing,
                "GET /product": self.product,
                "GET /basket": self.basket,
                "POST /basket": self.put,
                "POST /order": self.order,
                "GET /thanks": plain("thanks"),
                "GET /login": plain("login"),
                "POST /login": self.login,
                "POST /logout": self.logout,
                "GET /account": plain("account"),
                "GET /welcome": plain("welcome"),
                "GET /static": self.static,
            },
            self.missing,
        )


def main() -> None:
    """Serve until SIGINT or SIGTERM. What the environment says is in README.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING)
    url, customers = os.environ["TAILORBIRD_URL"], json.loads(os.environ.get("SHOP_CUSTOMERS", "[]"))
    patience = float(os.environ.get("SHOP_PATIENCE", PATIENCE))
    tailorbird = Tailorbird(url, os.environ["TAILORBIRD_KEY"], patience)
    shop = Shop(tailorbird, url, os.environ["TAILORBIRD_PUBLISHABLE_KEY"], customers)
    with make_server("127.0.0.1", int(os.environ.get("SHOP_PORT", "8791")), shop.site(), Server, Handler) as server:
        print(f"The shop answers on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            tailorbird.close(3)


if __name__ == "__main__":
    main()
