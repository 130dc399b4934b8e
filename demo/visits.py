"""One visit to the shop: what a person does between opening the app and leaving it."""

from random import Random
from typing import NamedTuple

from demo.names import any_of, digits
from demo.people import DAY_SECONDS, Device, Person, Properties, card, device_properties, version_on
from demo.shop import (
    CATEGORY,
    COUPON,
    FILTERS,
    PAYMENT,
    PRODUCT,
    REASONS,
    SALE_DAYS,
    SEARCH,
    Product,
)
from mien_client import EventRecord, ProfileRecord, Record, TokenRecord

LONGEST_VISIT_SECONDS = 3_600
POINTS_PER_ORDER = 20
REGULAR_ORDERS, PLATINUM_ORDERS = 2, 8


_TOKEN_TYPES = {"Android": "fcm", "iOS": "apns", "Web": "chrome"}


class Step(NamedTuple):
    """One record of the story: when (epoch seconds), of which person, and what is sent."""

    at: int
    person: int
    record: Record


class Basket:
    """What lies in a person's basket, priced in the money of their country."""

    def __init__(self, currency: str, money: float) -> None:
        self.currency = currency
        self._money = money
        self.lines: list[tuple[Product, int]] = []

    def price_of(self, product: Product) -> float:
        """Give the price of one piece."""
        return round(product.price * self._money, 2)

    def total(self) -> float:
        """Give the price of all lines."""
        return round(sum(self.price_of(product) * count for product, count in self.lines), 2)

    def items(self) -> list[Properties]:
        """Give the lines as flat objects, the form of `Items` in a Charged event."""
        return [
            {
                "SKU": product.sku,
                "Product": product.name,
                "Category": product.category,
                "Price": self.price_of(product),
                "Quantity": count,
            }
            for product, count in self.lines
        ]


class Visit:
    """Writes the steps of one visit, in order of time.

    `at` is its clock in epoch seconds; each event moves it by some seconds, and
    it never passes `LONGEST_VISIT_SECONDS`. `is_logged_in` is true when this
    device knows who it is: then records name the person and the device.
    """

    def __init__(self, rng: Random, person: Person, device: Device, *, at: int, day: int) -> None:
        self._rng, self._person, self._device = rng, person, device
        self._day = day
        self._end = at + LONGEST_VISIT_SECONDS
        self.at = at
        self.steps: list[Step] = []
        self.basket = Basket(person.country.currency, person.country.money)
        # Some look around on a new device before they say who they are.
        self.is_logged_in = person.is_logged_in and (device.is_known or rng.random() < 0.65)

    def event(self, name: str, properties: Properties) -> None:
        """Do something, then take a little time."""
        record = EventRecord(
            name,
            distinct_id=self._person.distinct_id if self.is_logged_in else None,
            object_id=self._device.object_id,
            properties=properties,
            at=self.at,
        )
        self.steps.append(Step(self.at, self._person.number, record))
        self.at = min(self.at + 4 + int(self._rng.expovariate(0.022)), self._end)

    def profile(self, properties: Properties, *, google_id: str | None = None) -> None:
        """Change properties of the person; takes no time."""
        record = ProfileRecord(
            distinct_id=self._person.distinct_id if self.is_logged_in else None,
            object_id=self._device.object_id,
            google_id=google_id,
            properties=properties,
            at=self.at,
        )
        self.steps.append(Step(self.at, self._person.number, record))

    # -- arriving ------------------------------------------------------------

    def arrive(self) -> None:
        """Open the app; a device tells of itself when it is new or has a new version."""
        person, device = self._person, self._device
        version = version_on(device, self._day)
        if not device.is_known:
            device.is_known, device.app_version = True, version
            self.profile(device_properties(person, device))
            if self.is_logged_in:
                self._allow_push()
        elif version != device.app_version:
            device.app_version = version
            self.profile({"App Version": version})
        self.event(
            "App Opened",
            {"Platform": device.platform, "App Version": version, "Campaign": person.campaign},
        )

    def sign_up(self) -> None:
        """Turn the anonymous visitor into a customer: a record with the new id and the device's."""
        rng, person = self._rng, self._person
        person.is_logged_in = self.is_logged_in = True
        google_id = "1" + digits(rng, 17) if rng.random() < 0.2 else None
        self.profile(card(rng, person, signed_up_at=self.at), google_id=google_id)
        self._allow_push()
        method = "Email" if google_id is None else "Google"
        self.event("Signed Up", {"Method": method, "Campaign": person.campaign})

    def log_in(self) -> None:
        """Say on a further device who one is."""
        self.is_logged_in = True
        self.profile({"Last Login": f"$D_{self.at}"})
        self._allow_push()
        self.event("Logged In", {"Platform": self._device.platform})

    def _allow_push(self) -> None:
        if self._rng.random() < 0.62:
            record = make_token(self._rng, self._device)
            self.steps.append(Step(self.at, self._person.number, record))

    # -- looking around ------------------------------------------------------

    def browse(self) -> None:
        """Search or open a category, look at some products, take one or another."""
        rng = self._rng
        if rng.random() < 0.28:
            self._search()
        category = CATEGORY.one(rng)
        self._open_category(category)
        for _ in range(1 + int(rng.expovariate(0.75))):
            product = PRODUCT[category].one(rng)
            self.event("Product Viewed", self._named(product))
            self._react(product)

    def _search(self) -> None:
        query = SEARCH.one(self._rng)
        self.event("Search", {"Query": query, "Results": int(self._rng.random() * 40)})

    def _open_category(self, category: str) -> None:
        properties: Properties = {"Category": category}
        if self._rng.random() < 0.2:
            properties["Filters"] = [any_of(self._rng, FILTERS)]
        self.event("Category Viewed", properties)

    def _react(self, product: Product) -> None:
        """Put a product that was looked at into the basket, or on the wish list, or neither."""
        chance = self._rng.random()
        if chance < (0.34 if self._day in SALE_DAYS else 0.24):
            count = 1 + int(self._rng.expovariate(1.6))
            self.basket.lines.append((product, count))
            self.event("Added To Cart", {**self._named(product), "Quantity": count})
        elif chance > 0.96 and self.is_logged_in:
            self._person.wish = product.name
            self.event("Added To Wish List", self._named(product))
            self.profile({"Wish List": {"$add": [product.name]}})

    def _named(self, product: Product) -> Properties:
        return {
            "Product": product.name,
            "SKU": product.sku,
            "Category": product.category,
            "Price": self.basket.price_of(product),
            "Currency": self.basket.currency,
        }

    # -- leaving -------------------------------------------------------------

    def check_out(self) -> str | None:
        """Buy what is in the basket, or leave it; gives the order's id if it was bought."""
        rng, person, basket = self._rng, self._person, self.basket
        if not basket.lines or not self.is_logged_in or rng.random() > 0.72:
            self._leave_basket()
            return None
        total, pieces = basket.total(), sum(count for _, count in basket.lines)
        self.event("Checkout Started", {"Amount": total, "Pieces": pieces})
        if rng.random() > 0.70:
            self._leave_basket()
            return None
        order = f"{person.distinct_id}-{person.orders + 1}"
        self.event("Charged", self._receipt(order, total))
        self._remember_order(total)
        return order

    def _leave_basket(self) -> None:
        if self.basket.lines and self.is_logged_in:
            self._person.has_basket_waiting = True
            self.profile({"Basket Waiting Since": f"$D_{self.at}"})

    def _receipt(self, order: str, total: float) -> Properties:
        rng = self._rng
        properties: Properties = {
            "Charged ID": order,
            "Amount": total,
            "Currency": self.basket.currency,
            "Payment Mode": PAYMENT.one(rng),
            "First Order": self._person.orders == 0,
            "Gift Wrapped": rng.random() < 0.12,
            "Delivery Expected": f"$D_{self.at + 3 * DAY_SECONDS}",
            "Items": self.basket.items(),
        }
        if self._day in SALE_DAYS or rng.random() < 0.15:
            properties["Coupon"] = COUPON.one(rng)
        return properties

    def _remember_order(self, total: float) -> None:
        """Bring the person's card up to date after an order."""
        person = self._person
        person.orders += 1
        changes: Properties = {
            "Orders": {"$incr": 1},
            "Loyalty Points": {"$incr": POINTS_PER_ORDER},
            "Lifetime Value": {"$incr": total},
            "Last Order": f"$D_{self.at}",
            "Favourite Categories": {
                "$add": sorted({product.category for product, _ in self.basket.lines})
            },
        }
        if person.orders in (REGULAR_ORDERS, PLATINUM_ORDERS):
            changes["Customer Type"] = "Regular" if person.orders == REGULAR_ORDERS else "Platinum"
        if person.has_basket_waiting:
            person.has_basket_waiting = False
            changes["Basket Waiting Since"] = {"$delete": True}
        if person.wish is not None and person.wish in {each.name for each, _ in self.basket.lines}:
            changes["Wish List"] = {"$remove": [person.wish]}
            person.wish = None
        self.profile(changes)

    def reconsider(self) -> None:
        """Now and then somebody has had enough of messages, or spends some points."""
        chance = self._rng.random()
        if chance < 0.004:
            self.event("Newsletter Left", {})
            self.profile({"MSG-email": False})
        elif chance < 0.010 and self._person.orders > 1:
            self.event("Points Spent", {"Points": POINTS_PER_ORDER})
            self.profile({"Loyalty Points": {"$decr": POINTS_PER_ORDER}})


def make_token(rng: Random, device: Device) -> TokenRecord:
    """Invent the push token of a device, in the form of its push service."""
    secret = f"{rng.getrandbits(256):064x}"
    token, keys = secret, None
    match device.platform:
        case "Android":
            token = f"{secret[:22]}:APA91b{secret}{secret[::-1]}"
        case "Web":
            token = f"https://push.example.com/send/{secret}"
            keys = {"p256dh": f"B{secret}{secret[:22]}", "auth": secret[:22]}
        case _:
            pass  # iOS: 64 hexadecimal digits
    return TokenRecord(
        object_id=device.object_id,
        token_id=token,
        token_type=_TOKEN_TYPES[device.platform],
        keys=keys,
    )


def after_delivery(rng: Random, order: str) -> tuple[Properties, Properties | None]:
    """Give what is told of a delivered order, and the customer's rating if there is one."""
    delivered: Properties = {"Charged ID": order, "On Time": rng.random() < 0.9}
    if rng.random() > 0.25:
        return delivered, None
    stars = min(5, 3 + int(rng.random() * 3.4))
    return delivered, {"Charged ID": order, "Stars": stars, "Comment": any_of(rng, REASONS)}
