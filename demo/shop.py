"""What Kettlewick sells, and how its app grew: products, searches, releases, sales days."""

from dataclasses import dataclass

from demo.names import Draw


@dataclass(frozen=True, slots=True)
class Product:
    """One thing for sale; `price` is in units of the price list, before the country's money."""

    sku: str
    name: str
    category: str
    price: float


def _products(category: str, **prices: float) -> list[Product]:
    """Read `Name_Of_Product=price`, the most popular first."""
    return [
        Product(f"KW-{category[:3].upper()}-{number:02d}", name.replace("_", " "), category, price)
        for number, (name, price) in enumerate(prices.items(), start=1)
    ]


SHELVES: dict[str, list[Product]] = {
    "Tea": _products(
        "Tea",
        Assam_Breakfast=9.5,
        Earl_Grey_Supreme=10.5,
        Sencha_First_Flush=16.0,
        Jasmine_Pearls=18.5,
        Rooibos_Vanilla=8.0,
        Masala_Chai=9.0,
        Darjeeling_Second_Flush=15.0,
        Peppermint_Leaves=6.5,
    ),
    "Coffee": _products(
        "Coffee",
        House_Espresso=13.0,
        Ethiopia_Filter=16.5,
        Brazil_Santos=12.0,
        Decaf_Evening=13.5,
        Cold_Brew_Bags=11.0,
        Monsoon_Malabar=14.5,
    ),
    "Chocolate": _products(
        "Chocolate",
        Dark_Bar_70=5.5,
        Hazelnut_Squares=7.0,
        Orange_Thins=6.0,
        Drinking_Cocoa=9.0,
    ),
    "Pots and Cups": _products(
        "Pots and Cups",
        Stoneware_Mug=14.0,
        Glass_Teapot=32.0,
        Travel_Tumbler=26.0,
        Cast_Iron_Pot=79.0,
        Espresso_Cups_Set=38.0,
    ),
    "Kitchen": _products(
        "Kitchen",
        Hand_Grinder=54.0,
        Pour_Over_Stand=29.0,
        Temperature_Kettle=89.0,
        Digital_Scale=35.0,
        Milk_Frother=24.5,
    ),
    "Gifts": _products(
        "Gifts",
        Tasting_Box=24.0,
        Winter_Calendar=39.0,
        Gift_Card=25.0,
    ),
}

CATEGORY = Draw.by_rank(tuple(SHELVES), steepness=0.6)
PRODUCT = {name: Draw.by_rank(shelf, steepness=0.9) for name, shelf in SHELVES.items()}

SEARCH = Draw.by_rank(
    (
        "green tea",
        "earl grey",
        "espresso",
        "gift",
        "teapot",
        "decaf",
        "grinder",
        "matcha",
        "chai",
        "dark chocolate",
        "mug",
        "kettle",
        "oat milk",
    ),
    steepness=0.9,
)
FILTERS = ("Organic", "In Stock", "New", "On Sale", "Fair Trade")
PAYMENT = Draw(("Card", "Wallet", "Bank Transfer", "Gift Card"), (55, 28, 12, 5))
COUPON = Draw(("STEEP10", "FIRSTCUP", "SLOWSUNDAY"), (5, 3, 2))
CAMPAIGN = Draw(
    ("Organic", "Search Ad", "Social", "Newsletter", "Friend", "Affiliate"), (40, 20, 18, 10, 8, 4)
)
REASONS = ("Too hot to hold", "Arrived late", "Lovely smell", "Would buy again", "Great with milk")

# App versions by the day of the story on which they came out. People update some days later.
RELEASES = ((0, "5.2.0"), (17, "5.3.0"), (38, "5.3.1"), (59, "5.4.0"), (80, "5.5.0"))

# A mid-season sale, and one near the end: busier days, more orders.
SALE_DAYS = frozenset({33, 34, 35, 75, 76, 77})
