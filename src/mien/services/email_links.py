"""Links in e-mails: who follows one may choose what comes to this address, and nothing else.

The link holds the address and a signature, so nobody can write one for another's address.
It does not run out: people look for it in old e-mails.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.identities import server_object_id
from mien.domain.ids import EnvironmentId
from mien.domain.preferences import Channel, strictest
from mien.services.reading import find_by_email
from mien.store import accounts
from mien.store.engine import Store

_SIGNATURE_BYTES = 16
_GROUP_KEYS = {False: "category-unsubscribe", True: "category-resubscribe"}


class InvalidEmailLinkError(InvalidInputError):
    """What a link of an e-mail holds was not made by this server for this environment."""

    code = "invalid_email_link"
    mend = "Make it with `POST /v1/addresses/email-link`, and put it into the link as it is."

    def __init__(self) -> None:
        super().__init__(path="e", problem="was not made by this server for this account")


class EmailLinks:
    """Makes and reads what the links of e-mails hold, with a secret that all servers share."""

    def __init__(self, store: Store) -> None:
        with store.write() as tx:
            self._secret = accounts.secret(tx, "email links", clock.new_secret())

    def issue(self, environment: EnvironmentId, email: str) -> str:
        """Give the text for an address: of `A-Z a-z 0-9 _ -` alone, always the same."""
        signed = self._sign(environment, email.encode()) + email.encode()
        return base64.urlsafe_b64encode(signed).decode().rstrip("=")

    def read(self, environment: EnvironmentId, text: str) -> str:
        """Give the address that a text was made for, or raise `InvalidEmailLinkError`."""
        try:
            signed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            email = signed[_SIGNATURE_BYTES:].decode()
        except (binascii.Error, ValueError) as error:
            raise InvalidEmailLinkError from error
        signature = self._sign(environment, email.encode())
        if not hmac.compare_digest(signed[:_SIGNATURE_BYTES], signature):
            raise InvalidEmailLinkError
        return email

    def _sign(self, environment: EnvironmentId, email: bytes) -> bytes:
        body = b"%d\n%b" % (environment, email)
        return hmac.digest(self._secret, body, hashlib.sha256)[:_SIGNATURE_BYTES]


def find_groups(store: Store, environment: EnvironmentId, email: str) -> dict[str, bool]:
    """Give the subscription groups of an address, by name: of those who share it the stricter."""
    groups: dict[str, bool] = {}
    with store.read() as tx:
        for profile in find_by_email(tx, environment, email):
            groups = strictest(groups, profile.document.groups.get(Channel.EMAIL, {}))
    return groups


def group_records(
    store: Store, environment: EnvironmentId, email: str, chosen: Mapping[str, bool]
) -> Sequence[dict[str, object]]:
    """Give the records that take and leave groups for everyone who has an address."""
    data = {
        key: {Channel.EMAIL: names}
        for is_wanted, key in _GROUP_KEYS.items()
        if (names := [name for name, wanted in chosen.items() if wanted is is_wanted])
    }
    with store.read() as tx:
        found = find_by_email(tx, environment, email)
    return [
        {"type": "profile", "objectId": server_object_id(profile.id), "profileData": data}
        for profile in found
    ]
