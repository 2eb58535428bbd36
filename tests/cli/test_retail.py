"""The demo's shop as it is read, shifted and told."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tailorbird.cli.demo import definitions, retail, state
from tailorbird.cli.errors import Failed

TODAY = date(2030, 7, 4)
NOON = datetime(2030, 7, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> retail.Shop:
    return retail.read(retail.folder())


def test_the_whole_year_is_there(shop: retail.Shop) -> None:
    assert (len(shop.products), len(shop.customers), len(shop.orders)) == (4_006, 4_285, 18_966)
    assert sum(order.amount for order in shop.orders) == pytest.approx(8_674_396.59, abs=0.01)
    assert len({order.country for order in shop.orders}) == 37
    known = {product.id for product in shop.products}
    assert all(set(order.products) <= known for order in shop.orders)
    assert "85123A" in known


def test_all_dates_are_shifted_alike_so_that_the_last_order_is_today(shop: retail.Shop) -> None:
    days = shop.days_until(TODAY)
    told = list(retail.events(shop, days))
    times = [datetime.fromisoformat(event["time"]) for event in told]
    assert max(times).date() == TODAY
    for order, time in zip(shop.orders, times, strict=True):
        assert time.replace(tzinfo=None) - order.at == timedelta(days=days)
    # the shop's own clock: summer time in July, none in January
    assert {time.utcoffset() for time in times if time.month == 7} == {timedelta(hours=1)}
    assert {time.utcoffset() for time in times if time.month == 1} == {timedelta(0)}


def test_orders_become_events_with_their_ids(shop: retail.Shop) -> None:
    told = list(retail.events(shop, shop.days_until(TODAY)))
    assert len({event["id"] for event in told}) == len(told)
    first = told[0]
    assert first["id"] == first["properties"]["order_id"] == "489434"
    assert first["visitor"] == {"id": "13085"}
    assert first["properties"]["amount"] == 505.3
    assert first["properties"]["currency"] == "GBP"
    assert first["properties"]["product"] == first["properties"]["products"][0]
    assert first["attributes"] == {"country": "United Kingdom", "first_order": first["time"][:10]}
    assert sum("first_order" in event["attributes"] for event in told) == 4_285


def test_products_become_items(shop: retail.Shop) -> None:
    item = next(item for item in retail.items(shop) if item["id"] == "85123A")
    assert item == {
        "id": "85123A",
        "type": "Product",
        "attributes": {
            "name": "WHITE HANGING HEART T-LIGHT HOLDER",
            "price": 2.95,
            "currency": "GBP",
            "orders": 3_153,
        },
    }


def test_orders_of_today_that_are_still_to_come(shop: retail.Shop) -> None:
    days = shop.days_until(TODAY)
    of_today = sum(order.at.date() == shop.orders[-1].at.date() for order in shop.orders)
    assert retail.later_than(shop, days, datetime(2030, 7, 3, 22, 59, tzinfo=UTC)) == of_today > 0
    assert 0 < retail.later_than(shop, days, NOON) < of_today
    assert retail.later_than(shop, days, datetime(2030, 7, 4, 19, 1, tzinfo=UTC)) == 0


def test_candidates_belong_to_their_audience_only(shop: retail.Shop) -> None:
    found = retail.candidates(shop, shop.days_until(TODAY), NOON)
    assert set(found) == {audience["key"] for audience in definitions.AUDIENCES} == set(definitions.HERO_OF)
    assert all(len(customers) >= 20 for customers in found.values())
    everybody = [customer for customers in found.values() for customer in customers]
    assert len(set(everybody)) == len(everybody)


def test_missing_files_are_named(tmp_path: Path) -> None:
    shutil.copy(retail.folder() / "orders.csv.gz", tmp_path)
    with pytest.raises(Failed, match=r"lacks order_lines\.csv\.gz, products\.csv\.gz\. .*run the demo from a clone"):
        retail.read(tmp_path)


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    for name in retail.FILES:
        shutil.copy(retail.folder() / name, tmp_path)
    whole = (tmp_path / "products.csv.gz").read_bytes()
    (tmp_path / "products.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Failed, match="cannot be read"):
        retail.read(tmp_path)


def test_the_state_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    told = state.State(secret="tb_x", days=7, loaded=True, customers={"newcomers": "1"})
    assert state.write(tmp_path, told) is told
    assert state.read(tmp_path) == told
    assert [path.name for path in tmp_path.iterdir()] == [state.FILE]
    assert (tmp_path / state.FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / state.FILE).write_text("{")
    with pytest.raises(Failed, match=r"is damaged .*Remove the folder"):
        state.read(tmp_path)
