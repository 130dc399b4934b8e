"""The API described for people: `/docs`, its OpenAPI document, `/docs/errors`, `/docs/fields`.

Everything comes from this server: no other host is asked for a script or a style.
"""

import html
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.params import FromPath
from swagger_ui_bundle import swagger_ui_path

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from mien.http.auth import ACCOUNT_HEADER, PASSCODE_HEADER
from mien.http.codes import CodeEntry, error_codes, reject_codes

_CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI sets styles on elements
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
_HEADERS = {"Content-Security-Policy": _CONTENT_SECURITY, "X-Content-Type-Options": "nosniff"}
_ASSETS = {
    "swagger-ui.css": (swagger_ui_path, "text/css"),
    "swagger-ui-bundle.js": (swagger_ui_path, "text/javascript"),
    "favicon-32x32.png": (swagger_ui_path, "image/png"),
    "start.js": (files("mien.http") / "assets", "text/javascript"),
    "pages.css": (files("mien.http") / "assets", "text/css"),
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
{head}
</head>
<body>
{body}
</body>
</html>
"""
_REFERENCE = _PAGE.format(
    title="Mien API",
    head='<link rel="stylesheet" href="/docs/assets/swagger-ui.css">\n'
    '<script defer src="/docs/assets/swagger-ui-bundle.js"></script>\n'
    '<script defer src="/docs/assets/start.js"></script>',
    body='<noscript>This page needs JavaScript; <a href="/docs/openapi.json">the OpenAPI document'
    "</a> does not.</noscript>\n"
    '<main id="reference"></main>',
)
_DESCRIPTION = """\
`/1/*` is CleverTap's API: existing clients work with only the base URL changed.
`/v1/*` is Mien's own: it says what each record changed, and keeps what it rejected.
[Every error code, its cause and its mend](/docs/errors).
[Standard and derived fields, and their forms](/docs/fields).
"""


class _ReferencePage(OpenAPIRenderPlugin):
    """Draws the OpenAPI document with Swagger UI."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Give the page; it fetches the document itself."""
        del request, openapi_schema
        return _REFERENCE.encode()


@get("/errors", media_type=MediaType.HTML, sync_to_thread=False)
def errors_page() -> str:
    """Give the page of all error codes."""
    return _errors_page()


@get("/fields", media_type=MediaType.HTML, sync_to_thread=False)
def fields_page() -> str:
    """Give the page of all fields that have a meaning of their own."""
    return _fields_page()


@get("/assets/{name:str}", sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Give a script, a style or a picture of these pages."""
    if name not in _ASSETS:
        raise NotFoundException
    return Response(
        _read(name),
        media_type=_ASSETS[name][1],
        headers={"Cache-Control": "public, max-age=3600"},
    )


def openapi() -> OpenAPIConfig:
    """Say how the API is described and where."""
    return OpenAPIConfig(
        title="Mien",
        version=version("mien"),
        description=_DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        use_handler_docstrings=True,
        security=[{"basic": []}, {"account": [], "passcode": []}],
        components=Components(
            security_schemes={
                "basic": SecurityScheme(
                    type="http",
                    scheme="basic",
                    description="User name: the account id. Password: a passcode.",
                ),
                "account": _header(ACCOUNT_HEADER, "The account id, such as `ABC-DEF-1234`."),
                "passcode": _header(PASSCODE_HEADER, "A passcode of this environment."),
                "profileToken": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="A token that `POST /v1/profile/token` made.",
                ),
            }
        ),
        openapi_router=Router(
            "/docs",
            route_handlers=[errors_page, fields_page, asset],
            include_in_schema=False,
            response_headers=_HEADERS,
            after_request=_refuse_unknown,
        ),
        render_plugins=[_ReferencePage(path="/")],
    )


def _header(name: str, description: str) -> SecurityScheme:
    return SecurityScheme(
        type="apiKey", name=name, security_scheme_in="header", description=description
    )


async def _refuse_unknown(response: Response[Any]) -> Response[Any]:
    """Answer an unknown page below `/docs` as any other unknown path."""
    if response.status_code == NotFoundException.status_code:
        raise NotFoundException
    return response


@cache
def _read(name: str) -> bytes:
    return (_ASSETS[name][0] / name).read_bytes()


@cache
def _errors_page() -> str:
    refused, rejected = _rows(error_codes()), _rows(reject_codes())
    return _PAGE.format(
        title="Mien: error codes",
        head='<link rel="stylesheet" href="/docs/assets/pages.css">',
        body=f"""\
<main>
<h1>Error codes</h1>
<p><a href="/docs">API reference</a></p>
<h2>Refused requests</h2>
<p>On <code>/1/*</code> the answer's <code>code</code> is the status; elsewhere it is the code below.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Cause</th><th>Mend</th></tr></thead>
<tbody>{refused}</tbody></table>
<h2>Rejected records</h2>
<p>The batch is answered with 200; the neighbours of a rejected record are applied.</p>
<table><thead><tr><th>Code</th><th>Cause</th><th>Mend</th></tr></thead>
<tbody>{rejected}</tbody></table>
</main>""",
    )


@cache
def _fields_page() -> str:
    standard = "\n".join(
        _field_row(
            [f"`{each.name}`", each.type, each.form, each.help],
            f'<a href="/docs/errors#{int(each.code)}">{int(each.code)}</a>',
        )
        for each in STANDARD_FIELDS.values()
    )
    derived = "\n".join(
        _field_row([f"`{each.name}`", each.type, each.help]) for each in DERIVED_FIELDS.values()
    )
    return _PAGE.format(
        title="Mien: fields",
        head='<link rel="stylesheet" href="/docs/assets/pages.css">',
        body=f"""\
<main>
<h1>Fields</h1>
<p><a href="/docs">API reference</a></p>
<h2>Standard fields</h2>
<p>A value of another form rejects its record with the code. All other names are yours and need no declaring.</p>
<table><thead><tr><th>Name</th><th>Type</th><th>Form</th><th>Meaning</th><th>Code</th></tr></thead>
<tbody>{standard}</tbody></table>
<h2>Derived fields</h2>
<p>Worked out of a person at each read; they cannot be sent.</p>
<table><thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead>
<tbody>{derived}</tbody></table>
</main>""",
    )


def _field_row(texts: list[str], link: str = "") -> str:
    cells = [*map(_with_code, texts), *([link] if link else [])]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _rows(entries: list[CodeEntry]) -> str:
    return "\n".join(_row(each) for each in entries)


def _row(entry: CodeEntry) -> str:
    status = f"<td>{int(entry.status)}</td>" if entry.status is not None else ""
    cells = "".join(f"<td>{_with_code(text)}</td>" for text in (entry.cause, entry.mend))
    return f'<tr id="{entry.code}"><td><code>{entry.code}</code></td>{status}{cells}</tr>'


def _with_code(text: str) -> str:
    """Write a text of the code tables as HTML; what is in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
