"""Lines to copy that send a first event, for every way in: with the real ids and address."""

import json
from collections.abc import Mapping

import msgspec

PASSCODE = "YOUR_PASSCODE"
"""Stands where a passcode belongs, until a key was made."""

_NAME = "Ana Silva"


class Place(msgspec.Struct, frozen=True):
    """Where records go, and what opens the way."""

    address: str
    account_id: str
    passcode: str = PASSCODE

    @property
    def host(self) -> str:
        """The name and the port of the server, without the scheme."""
        return self.address.partition("://")[2]


class Snippet(msgspec.Struct, frozen=True):
    """A way in: its name, what to know before, and the lines.

    `help` is its part of the help. `language` is the name of the form in which the lines are.
    """

    key: str
    label: str
    before: str
    language: str
    lines: str
    has_passcode: bool
    help: str


def snippets(place: Place) -> list[Snippet]:
    """Give the lines of every way in."""
    return [
        Snippet(
            "curl",
            "curl",
            "In a shell. The answer says of each record what it changed.",
            "shell",
            _curl(place),
            has_passcode=True,
            help="api",
        ),
        Snippet(
            "python",
            "Python",
            "Install the client with `pip install ./sdk/python` in the repository of Mien; it needs Python 3.11 or newer.",
            "python",
            _python(place),
            has_passcode=True,
            help="python",
        ),
        Snippet(
            "node",
            "Node",
            "Node 18 or newer and no package. Save it as `connect.mjs`, run `node connect.mjs`.",
            "javascript",
            _node(place),
            has_passcode=True,
            help="api",
        ),
        Snippet(
            "web",
            "Web SDK",
            "In the head of your pages. It needs no passcode: whoever looks at a page would have it.",
            "html",
            _web(place),
            has_passcode=False,
            help="sdk",
        ),
        Snippet(
            "clevertap-web",
            "CleverTap web SDK",
            "The unchanged SDK with another host. It speaks https alone, so a proxy with a certificate has to stand before this server; serve the SDK's file from your own site.",
            "html",
            _clevertap_web(place),
            has_passcode=False,
            help="clevertap-web",
        ),
        Snippet(
            "clevertap-api",
            "CleverTap API",
            "For programs that send to CleverTap's upload API: change the host, the account id and the passcode.",
            "shell",
            _clevertap_api(place),
            has_passcode=True,
            help="clevertap-api",
        ),
    ]


def _records(way: str) -> list[Mapping[str, object]]:
    return [
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": _NAME}},
        {"type": "event", "distinct_id": "ana", "name": "Connected", "properties": {"from": way}},
    ]


def _lines(records: list[Mapping[str, object]]) -> str:
    return ",\n".join(f"  {json.dumps(each)}" for each in records)


def _curl(place: Place) -> str:
    return f"""\
curl -u '{place.account_id}:{place.passcode}' '{place.address}/v1/batch' \\
  -H 'Content-Type: application/json' -d '{{"records": [
{_lines(_records("curl"))}
]}}'"""


def _python(place: Place) -> str:
    return f"""\
from mien_client import EventRecord, Mien, ProfileRecord

with Mien("{place.address}", account_id="{place.account_id}", passcode="{place.passcode}") as mien:
    receipt = mien.upload(
        [
            ProfileRecord(distinct_id="ana", properties={{"Name": "{_NAME}"}}),
            EventRecord("Connected", distinct_id="ana", properties={{"from": "Python"}}),
        ]
    )
    print(receipt.status)"""


def _node(place: Place) -> str:
    return f"""\
const answer = await fetch("{place.address}/v1/batch", {{
  method: "POST",
  headers: {{
    "Content-Type": "application/json",
    Authorization: "Basic " + btoa("{place.account_id}:{place.passcode}"),
  }},
  body: JSON.stringify({{ records: [
{_lines(_records("Node"))}
  ] }}),
}});
console.log(answer.status, await answer.text());"""


def _web(place: Place) -> str:
    return f"""\
<script src="{place.address}/sdk/mien.js" data-account="{place.account_id}"></script>
<script>
  mien.identify("ana", {{ Name: "{_NAME}" }});
  mien.track("Connected", {{ from: "web" }});
</script>"""


def _clevertap_web(place: Place) -> str:
    return f"""\
<script>
  var clevertap = {{event: [], profile: [], account: [], onUserLogin: [], notifications: [],
                   privacy: [], region: '', targetDomain: '{place.host}'}};
  clevertap.account.push({{id: '{place.account_id}'}});
  clevertap.onUserLogin.push({{Site: {{Identity: 'ana', Name: '{_NAME}'}}}});
  clevertap.event.push('Connected', {{from: 'web'}});
</script>
<script src="/js/clevertap.min.js"></script>"""


def _clevertap_api(place: Place) -> str:
    records: list[Mapping[str, object]] = [
        {"type": "profile", "identity": "ana", "profileData": {"Name": _NAME}},
        {"type": "event", "identity": "ana", "evtName": "Connected", "evtData": {"from": "API"}},
    ]
    return f"""\
curl '{place.address}/1/upload' \\
  -H 'X-CleverTap-Account-Id: {place.account_id}' -H 'X-CleverTap-Passcode: {place.passcode}' \\
  -H 'Content-Type: application/json' -d '{{"d": [
{_lines(records)}
]}}'"""
