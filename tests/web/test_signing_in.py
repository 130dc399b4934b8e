"""Signing in and out, sessions, and choosing a password (D-01)."""

import httpx
import pytest

from mien.domain.members import Role
from tests.conftest import Serve
from tests.support.offices import PASSWORD, Browser, Office
from tests.support.servers import Server


def submit(browser: Browser, email: str, password: str, path: str = "/") -> httpx.Response:
    """Send the form of signing in."""
    return browser.post("/sign-in", data={"email": email, "password": password, "next": path})


# D-01
def test_a_member_signs_in_and_out(office: Office, stranger: Browser) -> None:
    member = office.add(Role.VIEWER, name="Ana")
    asked = stranger.get("/live")
    assert asked.url.path == "/sign-in"
    home = submit(stranger, member.email.upper(), PASSWORD)
    assert (home.status_code, home.url.path) == (200, "/live")
    assert "Ana" in home.text
    out = stranger.send_form("/sign-out")
    assert out.url.path == "/sign-in"
    assert stranger.get("/live").url.path == "/sign-in"


def test_a_wrong_password_says_so_and_keeps_the_address(office: Office, stranger: Browser) -> None:
    member = office.add(Role.VIEWER)
    refused = submit(stranger, member.email, "wrong")
    assert refused.status_code == 401
    assert "is not right" in refused.text
    assert f'value="{member.email}"' in refused.text
    assert "set-cookie" not in refused.headers


def test_guessing_is_stopped(office: Office, stranger: Browser) -> None:
    member = office.add(Role.VIEWER)
    said = [submit(stranger, member.email, "wrong").status_code for _ in range(6)]
    assert said == [401] * 5 + [429]


def test_one_comes_back_to_where_one_was(office: Office, stranger: Browser) -> None:
    member = office.add(Role.VIEWER)
    asked = stranger.get("/test", params={"q": "a&b"})
    assert asked.url.params["next"] == "/test?q=a%26b"
    there = submit(stranger, member.email, PASSWORD, asked.url.params["next"])
    assert str(there.url).endswith("/test?q=a%26b")


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/\nx", ""]
)
def test_signing_in_leads_to_no_other_site(office: Office, stranger: Browser, path: str) -> None:
    member = office.add(Role.VIEWER)
    there = submit(stranger, member.email, PASSWORD, path)
    assert str(there.url) == f"{office.server.url}/live"


def test_the_cookie_is_for_the_server_alone(office: Office, server: Server) -> None:
    member = office.add(Role.VIEWER)
    form = {"email": member.email, "password": PASSWORD}
    answer = httpx.post(f"{server.url}/sign-in", data=form)
    cookie = answer.headers["set-cookie"]
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


def test_the_cookie_stays_on_tls_behind_a_proxy(serve: Serve) -> None:
    server = serve(proxies=1)
    with Office(server) as office:
        member = office.add(Role.VIEWER)
        form = {"email": member.email, "password": PASSWORD}
        headers = {"X-Forwarded-Proto": "https"}
        answer = httpx.post(f"{server.url}/sign-in", data=form, headers=headers)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-mien_session=")
        assert "Secure" in cookie
        name, _, value = cookie.partition(";")[0].partition("=")
        home = httpx.get(f"{server.url}/live", headers={**headers, "Cookie": f"{name}={value}"})
        assert home.status_code == 200
        # One that came without TLS is not taken from there on.
        bare = {**headers, "Cookie": f"mien_session={value}"}
        assert httpx.get(f"{server.url}/live", headers=bare).status_code == 303


def test_an_ended_session_says_so_and_leads_back(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        office.end_session(browser.token)
        asked = browser.get("/live", params={"q": "x"})
        assert (asked.url.path, asked.url.params["next"]) == ("/sign-in", "/live?q=x")
        assert "Your session has ended" in asked.text
        # What a script of a page asks for cannot become another page: the page is led away.
        headers = {"HX-Request": "true", "HX-Current-URL": f"{office.server.url}/test?q=y"}
        part = browser.get("/live", headers=headers)
        assert part.headers["hx-redirect"] == "/sign-in?next=/test%3Fq%3Dy&ended=1"
        # An act is not repeated: the page that it was sent from is where one comes back to.
        sent = browser.post("/sign-out", headers={"Referer": f"{office.server.url}/test"})
        assert sent.url.params["next"] == "/test"


def test_a_first_password_opens_nothing_but_the_choice_of_another(office: Office) -> None:
    with office.browser(Role.ADMIN, is_once=True) as browser:
        assert browser.get("/live").url.path == "/password"
        short = browser.send_form("/password", password="short", again="short")
        assert short.status_code == 400
        assert "The password needs 12 to 256 characters." in short.text
        other = browser.send_form("/password", password="a long new one", again="a long new two")
        assert "is not the same in both fields" in other.text
        done = browser.send_form("/password", password="a long new one", again="a long new one")
        assert done.url.path == "/live"
        assert "Your password is set." in done.text
        assert "Your password is set." not in browser.get("/live").text


def test_a_password_is_changed_by_who_knows_it_alone(office: Office) -> None:
    new = {"password": "a long new one", "again": "a long new one"}
    with office.browser(Role.VIEWER) as browser:
        assert browser.send_form("/password", current="wrong", **new).status_code == 400
        assert browser.send_form("/password", current=PASSWORD, **new).url.path == "/live"


def test_without_any_member_the_page_says_how_the_first_is_made(serve: Serve) -> None:
    server = serve()
    page = httpx.get(f"{server.url}/sign-in")
    assert "mien member add ACCOUNT_ID you@example.com --role admin" in page.text
    with Office(server) as office:
        office.add(Role.ADMIN)
        assert "mien member add" not in httpx.get(f"{server.url}/sign-in").text
