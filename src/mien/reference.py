"""The pages of `docs/` that are made from the code.

`python -m mien.reference docs` writes them into that folder; a test compares.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from mien.config import Settings, variable_of
from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.preferences import Channel
from mien.domain.reachability import Reason
from mien.domain.truth import columns_of, lines_of
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

_FIELDS_PAGE = """\
# Standard fields

Made from the code by `scripts/docs`. A server shows the same at `/docs/fields` and on `/v1/fields`.

These names have a form of their own, in records of either API. A value of another form rejects its record with the
code. All other names are yours: they need no declaring, and are known with their type from the first value on. What
is worked out of a person stands apart: [Derived of a person](derived.md).

{fields}

`identity`, `FBID` and `GPID` inside the properties are no fields but further ids of the person
([Identities](guide/identities.md)). `category-unsubscribe` and `category-resubscribe` change groups
([Preferences](preferences.md)).
"""

_PREFERENCES = """\
# Preferences: who may be written to

Made from the code by `scripts/docs`. Four things decide, and the strictest of them wins:

- **The address.** `MSG-dndEmail` and `MSG-dndPhone` block an e-mail address or a phone for *everybody* who has it, now
  or later; `MSG-dndWhatsApp` blocks a phone on WhatsApp alone. They are said in a record of a person who has the
  address, or of the address itself, whoever has it: `/1/subscribe`, `/v1/addresses/subscriptions`. The last word
  holds. Opening an address again opts nobody in.
- **The profile.** `MSG-email`, `MSG-sms`, `MSG-push`, `MSG-webpush` and `MSG-whatsapp` concern one person. E-mail,
  SMS, push and web push are on until one is `false`; WhatsApp is off until it is `true`.
- **Disabled.** A person whose profile is disabled (`MSG-disabled` is `true`) gets nothing, on no channel and for no
  group. `/v1/profile/disabled`, the dashboard and records of your server say it; pages and apps may not.
- **The group.** A message may belong to a subscription group of its channel. Who left it
  (`{{"category-unsubscribe": {{"email": ["News"]}}}}`) gets none of its messages. A group of which nothing was said is
  not left.

A push token that is no longer active counts as none.

`GET /v1/profile` shows the outcome as `reachable`, for messages of no group, and sending asks the same rules. The
history of a person shows every change of a preference, with its source. When two profiles turn out to be one person,
`false` beats `true` for each flag and each group, and disabled beats enabled; what only one of them said holds.

When several things stand against a message, the first of this list is told:

{reasons}

## The whole table

For those who are not disabled. `nothing` means that nothing was said; `else` is `false` or nothing.

{tables}
"""

_REASONS = {
    Reason.DISABLED: "The profile is disabled.",
    Reason.NO_ADDRESS: "The profile has no e-mail address, or no phone.",
    Reason.NO_TOKEN: "No device has an active token for the channel.",
    Reason.ADDRESS_BLOCKED: "The address is blocked, for everybody who has it.",
    Reason.OPTED_OUT: "The profile said no to the channel.",
    Reason.NOT_OPTED_IN: "The channel needs a yes, and the profile said nothing.",
    Reason.GROUP_LEFT: "The profile left the group that the message belongs to.",
}


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


def fields_page() -> str:
    """Write `docs/fields.md`."""
    rows = [
        [f"`{name}`", each.type, each.form, each.help, f"[{each.code:d}](errors.md#{each.code:d})"]
        for name, each in STANDARD_FIELDS.items()
    ]
    return _FIELDS_PAGE.format(fields=_table(("name", "type", "form", "meaning", "code"), rows))


def preferences_page() -> str:
    """Write `docs/preferences.md`."""
    reasons = [[f"`{reason}`", _REASONS[reason]] for reason in Reason]
    return _PREFERENCES.format(
        reasons=_table(("reason", "meaning"), reasons),
        tables="\n\n".join(_truth_of(channel) for channel in Channel),
    )


def _truth_of(channel: Channel) -> str:
    rows = [
        [*line.said, "yes" if line.reach.can else "no", line.reach.reason or ""]
        for line in lines_of(channel)
    ]
    heads = (*columns_of(channel), "may send", "reason")
    return f"### `{channel}`\n\n{_table(heads, rows)}"


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "derived.md": derived_page,
    "fields.md": fields_page,
    "preferences.md": preferences_page,
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
