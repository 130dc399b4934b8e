"""Help for every way in and every field that has a meaning of its own (I-27, W-09).

Fields are those of the tables by which records are checked; the lines are those of `Connect`.
"""

from collections.abc import Mapping

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.records import RECORDS_PER_CALL
from mien.web.routes import page
from mien.web.snippets import Place, snippets
from mien.web.visit import Visit


class Way(msgspec.Struct, frozen=True):
    """A way by which people are updated: when to take it, and its rules, by what they are about.

    `part` is its anchor; `connect` the snippet that shows it, `path` a page of the dashboard
    below the environment, each empty if there is none. Backticks stand around code.
    """

    part: str
    title: str
    when: str
    rules: Mapping[str, str]
    connect: str = ""
    path: str = ""


@page("/help")
async def help_page(visit: Visit) -> Response[bytes]:
    """Show all of the help on one page, each part under an anchor."""
    place = Place(visit.address, visit.environment.public_id)
    return visit.page(
        "help.html",
        ways=WAYS,
        lines={each.key: each.lines for each in snippets(place)},
        types=_TYPES,
        fields=list(STANDARD_FIELDS.values()),
        derived=list(DERIVED_FIELDS.values()),
    )


HELP_HANDLERS: list[HTTPRouteHandler] = [help_page]

WAYS = (
    Way(
        "api",
        "Upload API",
        "For your own server: profiles, events and push tokens, in batches.",
        {
            "Send to": "`POST /v1/batch`",
            "Signs in with": "the account id and the passcode of a key, by HTTP Basic",
            "In a call": f"up to {RECORDS_PER_CALL:,} records, applied in their order",
            "Answer": "what each record changed, or why it was refused; its neighbours are applied",
            "Refused records": "are kept under Rejects, where they are mended and sent again",
            "Try it": "`?dry_run=true` gives the same answer and writes nothing",
            "Late data": "loses: a value that was set at a later time stays",
        },
        connect="curl",
    ),
    Way(
        "clevertap-api",
        "CleverTap's upload API",
        "For programs that speak CleverTap's API: change the host, the account id and the passcode.",
        {
            "Send to": "`POST /1/upload`",
            "Signs in with": "`X-CleverTap-Account-Id` and `X-CleverTap-Passcode`",
            "In a call": f"up to {RECORDS_PER_CALL:,} records",
            "Answer": "200 also when records were refused: look at `status` and `unprocessed`",
            "Late data": "wins, as at CleverTap, unless the identity rules say otherwise",
        },
        connect="clevertap-api",
    ),
    Way(
        "python",
        "Python client",
        "For Python programs: it batches, retries, and counts nothing twice.",
        {
            "Uses": "the upload API",
            "Says what users do": '`mien.user("ana").track("Charged", {"Amount": 9.5})` returns at once',
            "Uploads": "`mien.upload(records)` takes any iterable and gives a result for each record",
            "Needs": "Python 3.11 or newer",
        },
        connect="python",
    ),
    Way(
        "sdk",
        "Web SDK",
        "For pages and apps: who uses them, and what they do. No passcode is in them.",
        {
            "Load": "`/sdk/mien.js` from this server, with `data-account`",
            "On login": '`mien.identify("ana", {plan: "gold"})` binds the browser to the person',
            "Later": '`mien.set({language: "pt"})` adds and changes properties without a login',
            "Before a login": "a visitor is anonymous; the first login makes what they did that person's",
            "Offline": "records wait in the browser, and count once",
            "Is believed": "what a page may claim, and from where it may send, is set under SDKs",
        },
        connect="web",
        path="settings/sdks",
    ),
    Way(
        "clevertap-web",
        "CleverTap's web SDK",
        "For pages that have it already: nothing of it is changed but the host.",
        {
            "Change": "`targetDomain` to this server, `region` to nothing, the account id",
            "Needs": "https: a proxy with a certificate before this server",
            "On login": "`clevertap.onUserLogin.push(…)` binds the browser to the person",
            "Later": "`clevertap.profile.push(…)` adds and changes properties without a login",
        },
        connect="clevertap-web",
        path="settings/sdks",
    ),
    Way(
        "events",
        "Events that change people",
        "An event says what somebody did; a mapping lets a property of it set one of the person.",
        {
            "Send": "a record of type `event` by any way in, with a name and up to 256 properties",
            "Latest values": "each property of an event is kept as the person's latest value of it",
            "Mapping": "sets a property of the person, as of the time of the event",
            "Late data": "an older event leaves what was set at a later time",
        },
        path="settings/mappings",
    ),
    Way(
        "by-hand",
        "By hand",
        "For one person: on their page, by members who are editors or admins.",
        {
            "Find": "the person by any id, e-mail address or phone",
            "Rules": "a value is checked as one that was sent",
            "History": "every change is kept with the member who made it",
        },
        path="people",
    ),
)
"""Every way in that there is, in the order in which it is shown."""

_TYPES = (
    ("text", '`"gold"`', "Up to 512 bytes of UTF-8."),
    ("boolean", "`true`", ""),
    ("integer", "`42`", "64 bits, exact."),
    ("float", "`9.5`", ""),
    ("date", '`"$D_1767225600"`', "`$D_` and epoch seconds; comes back as sent."),
    ("list", '`["tea", "coffee"]`', "Up to 100 texts; repeats are dropped."),
)
