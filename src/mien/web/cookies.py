"""The cookies of the dashboard: one that proves a session, one with a word for the next page."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from mien.services.signing_in import LONGEST_MS

_SESSION, FLASH = "mien_session", "mien_flash"


def is_secure(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the browser came by TLS, of which a proxy that is believed may tell."""
    if request.scope["scheme"] == "https":
        return True
    if request.app.state.dashboard.settings.proxies <= 0:
        return False
    return request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip() == "https"


def session_of(request: Request[Any, Any, Any]) -> str:
    """Give the token that a browser shows, empty if it shows none."""
    return request.cookies.get(_session_name(request), "")


def keep_session(request: Request[Any, Any, Any], response: Response[Any], token: str) -> None:
    """Let the browser keep a token; the server decides how long it is good."""
    _set(request, response, _session_name(request), token, seconds=LONGEST_MS // 1_000)


def drop_session(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    """Let the browser forget its token."""
    _set(request, response, _session_name(request), "", seconds=0)


def keep_flash(request: Request[Any, Any, Any], response: Response[Any], text: str) -> None:
    """Let the browser bring a word to the next page."""
    _set(request, response, FLASH, text, seconds=60)


def drop_flash(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    """Let the browser forget the word that was shown."""
    _set(request, response, FLASH, "", seconds=0)


def _session_name(request: Request[Any, Any, Any]) -> str:
    # The prefix lets no other site below the same domain set it.
    return f"__Host-{_SESSION}" if is_secure(request) else _SESSION


def _set(
    request: Request[Any, Any, Any], response: Response[Any], name: str, value: str, *, seconds: int
) -> None:
    response.set_cookie(
        Cookie(
            name,
            value=value,
            max_age=seconds,
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
    )
