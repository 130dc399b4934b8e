"""Who looks at the demo in the dashboard, and the segments that they find there."""

import subprocess

import httpx
import msgspec

from demo.folder import DemoError, DemoFolder, Keys
from demo.server import MIEN

EMAIL, NAME = "rosa@kettlewick.example", "Rosa Lind"

SEGMENTS: dict[str, object] = {
    "Regulars who came this month": {
        "all": [
            {"property": "Customer Type", "op": "any_of", "values": ["Regular", "Platinum"]},
            {"did": "Charged", "window": {"last_days": 30}},
        ]
    },
    "Searched and bought nothing": {
        "all": [{"did": "Search"}, {"not": {"did": "Charged", "window": {"last_days": 60}}}]
    },
}


class _Member(msgspec.Struct):
    email: str
    signed_in_at: str | None


class _Members(msgspec.Struct):
    members: list[_Member]


class _WithPassword(msgspec.Struct):
    password: str


def save_segments(url: str, keys: Keys) -> None:
    """Save the segments, unless they are there."""
    for name, tree in SEGMENTS.items():
        answer = httpx.post(
            f"{url}/v1/segments",
            json={"name": name, "tree": tree},
            auth=(keys.account_id, keys.passcode),
        )
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()


def invite(folder: DemoFolder, keys: Keys) -> str | None:
    """Give the password with which the member signs in first; None if they did, and have their own."""
    listed = msgspec.json.decode(_mien(folder, "list", keys.account_id), type=_Members)
    known = next((each for each in listed.members if each.email == EMAIL), None)
    if known is None:
        added = _mien(folder, "add", keys.account_id, EMAIL, "--name", NAME, "--role", "admin")
        return msgspec.json.decode(added, type=_WithPassword).password
    return None if known.signed_in_at else new_password(folder)


def new_password(folder: DemoFolder) -> str:
    """Make a password for the member in the place of the one they have."""
    return msgspec.json.decode(_mien(folder, "password", EMAIL), type=_WithPassword).password


def _mien(folder: DemoFolder, *words: str) -> str:
    done = subprocess.run(
        [str(MIEN), "member", *words, "--data", str(folder.path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"Nobody can sign in: {(done.stderr or done.stdout).strip()}"
        raise DemoError(message)
    return done.stdout
