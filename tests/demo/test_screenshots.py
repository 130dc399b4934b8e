"""The pictures of the dashboard: each page has a name, and pages of one sort share it."""

import pytest

from demo.screenshots import name_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "home"),
        ("/live", "live"),
        ("/live/people?q=kw-1", "live-people-found"),
        ("/live/people/mien_3f/activity", "live-people-one-activity"),
        ("/test/segments/12", "test-segments-one"),
        ("/live/connect?with=curl", "live-connect"),
    ],
)
def test_a_picture_is_named_after_its_page(path: str, name: str) -> None:
    assert name_of(path) == name
