"""Connecting: the lines that pages show work as they stand, and what they send arrives (I-27)."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mien.domain.members import Role
from mien.services import audit
from tests.support.offices import Browser, Office

WAYS = ("curl", "python", "node", "clevertap-api")


def lines(page: str, way: str) -> str:
    """Give the lines of a way in, as the page shows them."""
    found = re.search(rf'class="way way-{way}".*?<pre[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def with_key(browser: Browser, way: str) -> str:
    """Give the lines after a key was made on the spot."""
    page = browser.send_form("/live/connect/key", **{"with": way}).text
    assert re.search(rf'id="with-{way}"[^>]* checked', page)
    return lines(page, way)


def waiting(browser: Browser) -> str:
    """Open the page, and give where it asks whether something arrived."""
    page = browser.get("/live/connect").text
    assert "Waiting for your first event" in page
    found = re.search(r'hx-get="(/live/connect/arrivals\?since=[^"]+)"', page)
    assert found
    return found[1]


def run(office: Office, way: str, code: str, folder: Path) -> str:
    """Run lines as whoever copies them does, and give what they print."""
    file = folder / {"python": "connect.py", "node": "connect.mjs"}.get(way, "connect.sh")
    file.write_text(code)
    program = {"python": sys.executable, "node": "node"}.get(way, "bash")
    done = subprocess.run(
        [program, file], capture_output=True, text=True, check=False, env=office.server.environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# I-27
@pytest.mark.parametrize("way", WAYS)
def test_the_lines_of_each_way_in_work_as_they_stand(
    office: Office, way: str, tmp_path: Path
) -> None:
    with office.browser() as browser:
        code, place = with_key(browser, way), waiting(browser)
        assert "Waiting for your first event" in browser.get(place).text
        printed = run(office, way, code, tmp_path)
        assert "complete" in printed or "success" in printed, printed
        arrived = browser.get(place).text
        assert "It arrived." in arrived
        assert "Connected" in arrived
        assert "hx-trigger" not in arrived
        found = re.search(r'href="(/live/people/[^"]+)"', arrived)
        assert found
        assert "Ana Silva" in browser.get(found[1]).text
        # An event that was there before the page was opened is not the first one.
        assert "Waiting for your first event" in browser.get(waiting(browser)).text
    [entry] = audit.audit_page(office.store, office.account.account.account_id, count=5)
    assert (entry.act, entry.details) == ("key_made", {"label": f"connect: {way}"})


def test_lines_without_a_key_say_where_it_belongs(office: Office, tmp_path: Path) -> None:
    with office.browser(Role.EDITOR) as browser:
        page = browser.get("/test/connect?with=node").text
        assert office.test.account_id in page
        assert office.live.account_id not in page.replace(office.test.account_id, "")
        assert "YOUR_PASSCODE" in lines(page, "node")
        assert "Make a key" not in page
        assert browser.send_form("/test/connect/key").status_code == 403
        printed = run(office, "node", lines(page, "node"), tmp_path)
        assert printed.startswith("401")
        assert re.search(r'id="with-curl"[^>]* checked', browser.get("/live/connect?with=x").text)


def test_a_record_that_was_refused_says_why(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        place = waiting(browser)
        record = {"type": "event", "distinct_id": "ana", "name": "App Launched"}
        with pytest.raises(AssertionError):
            office.send(record)
        shown = browser.get(place).text
        assert "A record came, and was refused." in shown
        assert "/docs/errors#513" in shown
        assert "hx-trigger" in shown
        assert "Waiting for your first event" in browser.get(waiting(browser)).text
        assert browser.get("/live/connect/arrivals?since=x").status_code == 400
        assert browser.get(place.replace("/live/", "/test/")).status_code == 400
