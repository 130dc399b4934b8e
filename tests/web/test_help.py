"""Help: every way in and every standard field, from the tables that records are checked by (I-27, W-09)."""

import html
import re

import pytest

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.members import Role
from mien.web.help import WAYS
from mien.web.snippets import Place, snippets
from tests.support.offices import Office


# W-09
def test_every_field_is_told_with_type_form_rule_and_code(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/help").text
    for name, field in STANDARD_FIELDS.items():
        anchor = f'id="field-{name.replace(" ", "-")}"'
        row = html.unescape(page[page.index(anchor) :].partition("</tr>")[0])
        told = re.sub(r"<[^>]+>", " ", row)
        assert field.type.lower() in told
        assert all(part.strip() in told for part in field.help.split("`")), name
        assert all(part.strip() in told for part in field.form.split("`")), name
        assert f"/docs/errors#{field.code:d}" in row
    for name in DERIVED_FIELDS:
        assert f'id="derived-{name.replace(" ", "-")}"' in page


# I-27
@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("connect", {"api", "python", "sdk", "clevertap-web", "clevertap-api"}),
        ("settings/mappings", {"events"}),
        ("settings/sdks", {"sdk"}),
    ],
)
def test_help_is_reached_where_a_way_in_is_used(office: Office, path: str, parts: set[str]) -> None:
    with office.browser() as browser:
        used, helped = browser.get(f"/test/{path}").text, browser.get("/test/help").text
        assert set(re.findall(r'class="help" href="/test/help#([\w-]+)"', used)) == parts
        for part in parts:
            assert f'<section class="card" id="{part}">' in helped


# W-09
def test_beside_the_properties_of_a_person_a_link_leads_to_the_standard_fields(
    office: Office,
) -> None:
    office.send({"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana"}})
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(f"/live/people/{office.object_id('ana')}").text
        assert 'class="help" href="/live/help#fields"' in page
        assert '<section class="card" id="fields">' in browser.get("/live/help").text


def test_every_link_of_the_help_leads_somewhere(office: Office) -> None:
    known = {each.key for each in snippets(Place("", ""))}
    assert {way.connect for way in WAYS} <= known | {""}
    with office.browser() as browser:
        page = browser.get("/live/help").text
        anchors = set(re.findall(r'id="([\w-]+)"', page))
        assert set(re.findall(r'href="#([\w-]+)"', page)) <= anchors
        for link in sorted(set(re.findall(r'<a [^>]*href="(/[^"#]+)', page.split("<main", 1)[1]))):
            assert browser.get(link).status_code == 200, link
