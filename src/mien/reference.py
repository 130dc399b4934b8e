"""The pages of `docs/` that are made from the code.

`python -m mien.reference docs` writes them into that folder; a test compares.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from mien.config import Settings, variable_of
from mien.domain.derived import DERIVED_FIELDS
from mien.http.codes import CodeEntry, error_codes, reject_codes

_ERRORS = """\
# Errors

Made from the code by `scripts/docs`. The server shows the same at `/docs/errors`.

## Refused requests

Nothing of a refused request is applied, unless its line says otherwise.

- `/1/*` answers `{{"status":"fail","error":"…","code":<status>}}`, as CleverTap does.
- All other paths answer problem details (RFC 9457, `application/problem+json`) with the `code` of
  this table: `{{"type":"/docs/errors#<code>","title":"…","status":<status>,"detail":"…","code":"<code>"}}`.
- 429 and 503 carry `Retry-After` in seconds, 405 carries `Allow`, 401 on `/v1` carries
  `WWW-Authenticate`.

{errors}

## Rejected records

A batch is answered with 200, and each record that was not applied has a code: in
`unprocessed[].code` of `/1/upload`, in `results[].code` of `/v1/batch`. Its neighbours are applied.
Codes up to 599 mean what they mean at CleverTap, those from 600 on are our own. What was rejected is
kept and can be mended and sent again (`/v1/rejects`, `mien rejects`).

{rejects}
"""

_SETTINGS = """\
# Settings

Made from the code by `scripts/docs`. A setting is an environment variable, read once at the start.

{settings}
"""


_DERIVED = """\
# Derived of a person

Made from the code by `scripts/docs`. `GET /v1/profile` shows these as `derived`. They are worked out when you ask, from
what is known then, and never stored: none is ever stale. They are kept apart from properties, so a property of the same
name does not get in their way. What is unknown is left out, never guessed.

{fields}

Dates are `$D_` and epoch seconds, as dates in properties are. Facts of devices come from what clients say, or, for the
place, from the network address when the operator [supplies a file](guide/operating.md#places).
"""


def errors_page() -> str:
    """Write `docs/errors.md`."""
    refused = [[_code(each), _status(each), each.cause, each.mend] for each in error_codes()]
    rejected = [[_code(each), each.cause, each.mend] for each in reject_codes()]
    return _ERRORS.format(
        errors=_table(("code", "status", "cause", "mend"), refused),
        rejects=_table(("code", "cause", "mend"), rejected),
    )


def settings_page() -> str:
    """Write `docs/settings.md`."""
    rows = [
        [f"`{variable_of(each)}`", _default(each.default), each.metadata["help"]]
        for each in fields(Settings)
    ]
    return _SETTINGS.format(settings=_table(("variable", "default", "meaning"), rows))


def derived_page() -> str:
    """Write `docs/derived.md`."""
    rows = [[f"`{name}`", each.type, each.help] for name, each in DERIVED_FIELDS.items()]
    return _DERIVED.format(fields=_table(("name", "type", "meaning"), rows))


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "derived.md": derived_page,
}


def main() -> None:
    """Write the pages into the folder that is given."""
    folder = Path(sys.argv[1])
    for name, page in PAGES.items():
        (folder / name).write_text(page())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


def _code(entry: CodeEntry) -> str:
    return f'<a id="{entry.code}"></a>`{entry.code}`'


def _status(entry: CodeEntry) -> str:
    return f"{int(entry.status)} {entry.status.phrase}" if entry.status else ""


def _default(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else "empty"


if __name__ == "__main__":
    main()
