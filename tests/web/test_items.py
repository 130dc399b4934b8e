"""Who bought what: conditions on items, built button by button, counted, saved and explained (D-02, S-06)."""

from mien.domain.members import Role
from tests.support.offices import Office
from tests.web.test_builder import NEW, fields_of, press, save, seen, stored, until

NASTY = "<script>alert(1)</script>"
SHOES = {"property": "Category", "op": "equals", "value": "Shoes"}
DEAR = {"property": "Price", "op": "more_than", "value": 50}


def bought(who: str, *items: object) -> dict[str, object]:
    return {
        "type": "event",
        "distinct_id": who,
        "name": "Charged",
        "properties": {"Amount": 1, "Items": items},
    }


def send_purchases(office: Office) -> None:
    office.send(
        bought("ana", {"Category": "Shoes", "Price": 60, NASTY[1:7]: NASTY}),
        bought("bo", {"Category": "Shoes", "Price": 40}, {"Category": "Hats", "Price": 60}),
    )


# D-02
def test_a_condition_on_items_is_built_button_by_button(office: Office) -> None:
    send_purchases(office)
    with office.browser(Role.EDITOR) as browser:
        page = press(browser, browser.get(NEW).text, "add:p").text
        page = press(browser, page, "update", **{"p.0:kind": "did", "p.0:name": "Charged"}).text
        page = press(browser, page, "filter:p.0").text
        page = press(browser, page, "update", **{"p.0.0:told": "items"}).text
        assert "has one where" in seen(page)
        page = press(browser, page, "save", **{"p.0.0:name": "Items"}).text
        assert 'id="p-0-0-0-name"' in page
        assert "A name is needed." in seen(page)
        filled = {"p.0.0.0:name": "Category", "p.0.0.0:value": "Shoes"}
        page = press(browser, page, "item:p.0.0", **filled).text
        assert 'data-focus="p-0-0-1-name"' in page
        filled = {"p.0.0.1:name": "Price", "p.0.0.1:op": "more_than", "p.0.0.1:value": "much"}
        page = press(browser, page, "save", **filled).text
        assert "A number is needed, such as 25 or 0.5." in seen(page)
        page = until(
            lambda: press(browser, page, "update", **{"p.0.0.1:value": "50"}).text, "1 of 2 people"
        )
        said = 'Items has one where (Category is "Shoes" and Price is more than 50)'
        assert f"People who did Charged where {said}." in seen(page)
        done = press(browser, page, "save", name="Dear shoes")
        made = done.url.path.rpartition("/")[2]
        where = [{"items": "Items", "has": [SHOES, DEAR]}]
        assert stored(office, made)["tree"] == {"did": "Charged", "where": where}
        page = press(browser, page, "remove:p.0.0.0").text
        assert fields_of(page)["p.0.0.0:name"] == "Price"
        page = press(browser, page, "remove:p.0.0.0").text
        assert 'data-focus="p-0-0-item"' in page
        assert fields_of(page)["p.0.0.0:name"] == ""
        page = press(browser, page, "update", **{"p.0.0:told": "property"}).text
        assert "p.0.0.0:name" not in fields_of(page)


# D-02
def test_what_is_wrong_with_an_item_is_said_at_its_field(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(NEW).text
        page = press(browser, page, "add:p").text
        page = press(browser, page, "update", **{"p.0:kind": "did", "p.0:name": "Charged"}).text
        for do in ("filter:p.0", "filter:p.0"):
            page = press(browser, page, do).text
        page = press(browser, page, "update", **{"p.0.1:told": "items", "p.0.1:nots": "1"}).text
        page = press(browser, page, "item:p.0.1").text
        filled = {
            "p.0.0:name": "Category", "p.0.0:value": "Shoes", "p.0.1:name": "Items",
            "p.0.1.0:name": "Price", "p.0.1.0:op": "exists",
            "p.0.1.1:name": "Price", "p.0.1.1:op": "any_of", "p.0.1.1:values": "a\n$D_1",
            "p.0.1.1:nots": "1",
        }  # fmt: skip
        page = press(browser, page, "update", **filled).text
        assert "line 2: dates are compared by on" in seen(page).casefold()
        assert 'href="#p-0-1-1-values"' in page
        odd = press(browser, page, "update", **{"p.0.1:told": "nothing"})
        assert odd.status_code == 200


# S-06, B-08
def test_the_item_that_decided_is_shown_on_the_page_of_a_segment(office: Office) -> None:
    send_purchases(office)
    where = [{"items": "Items", "has": [SHOES, DEAR]}]
    made = save(office, {"did": "Charged", "where": where})
    with office.browser(Role.VIEWER) as browser:
        path = f"/live/segments/{made}/why"
        told = browser.get(path, params={"who": "ana"}).text
        assert "is in this segment" in told
        assert "Items has Category : Shoes , Price : 60 , script : <script>" in seen(told)
        assert NASTY not in told
        told = browser.get(path, params={"who": "bo"}).text
        assert "is not in this segment" in told
        assert '{"Category":"Shoes","Price":40}' in seen(told)
