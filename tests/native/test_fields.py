"""`GET /v1/fields`: one table of names for API, docs and screens (P-09)."""

import httpx

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from tests.native.callers import Native, profile


def test_every_standard_and_derived_field_is_listed_with_its_form(native: Native) -> None:
    found = native.get("fields")
    assert [each["name"] for each in found["standard"]] == list(STANDARD_FIELDS)
    assert [each["name"] for each in found["derived"]] == list(DERIVED_FIELDS)
    phone = next(each for each in found["standard"] if each["name"] == "Phone")
    assert phone == {
        "name": "Phone",
        "type": "String",
        "form": "`+14155551234`",
        "help": STANDARD_FIELDS["Phone"].help,
        "code": 516,
    }


def test_a_value_of_another_form_is_rejected_with_the_code_of_the_table(native: Native) -> None:
    for each in native.get("fields")["standard"]:
        result = native.result(profile("ana", **{each["name"]: []}))
        assert (result["status"], result["code"]) == ("rejected", each["code"]), each["name"]


def test_the_page_for_people_shows_the_same_table(native: Native) -> None:
    page = httpx.get(f"{native.http.base_url}/docs/fields")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name in (*STANDARD_FIELDS, *DERIVED_FIELDS):
        assert f"<code>{name}</code>" in page.text


def test_other_names_need_no_declaring(native: Native) -> None:
    mine = {
        "plan": "gold",
        "Prénom": "Ana",
        "tags": ["a"],
        "score": 1.5,
        "born": "$D_0",
        "ok": True,
    }
    native.send(profile("ana", **mine))
    assert native.get("profile", distinct_id="ana")["properties"] == mine
    known = native.get("definitions/properties")["properties"]
    assert {each["name"]: each["type"] for each in known} == {
        "plan": "String",
        "Prénom": "String",
        "tags": "List",
        "score": "Float",
        "born": "Date",
        "ok": "Boolean",
    }
