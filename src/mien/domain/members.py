"""Members: the people of a customer who use the dashboard, and what their roles let them do (D-01)."""

import unicodedata
from enum import StrEnum

from mien.domain.errors import InvalidInputError
from mien.domain.fields import STANDARD_FIELDS, normalise_email
from mien.domain.rejects import Rejected

NAME_CHARACTERS = 200
PASSWORD_LEAST, PASSWORD_MOST = 12, 256


class Role(StrEnum):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    """Reads everything that is known of people."""
    EDITOR = "editor"
    """Changes people, segments and definitions too."""
    ADMIN = "admin"
    """Decides who is a member, and on keys and settings."""

    def includes(self, needed: "Role") -> bool:
        """Tell whether this role may do what needs another one."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Act(StrEnum):
    """What members do that the audit log keeps."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    ROLE_CHANGED = "role_changed"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - what was done, no password
    PASSWORD_CHOSEN = "password_chosen"  # noqa: S105 - what was done, no password
    VALUE_CHANGED = "value_changed"
    VALUE_REMOVED = "value_removed"
    ID_ADDED = "id_added"
    PREFERENCE_CHANGED = "preference_changed"
    TEST_MARKED = "test_marked"
    TEST_UNMARKED = "test_unmarked"
    PERSON_DISABLED = "person_disabled"
    PERSON_ENABLED = "person_enabled"
    PEOPLE_MERGED = "people_merged"
    MERGE_UNDONE = "merge_undone"
    SUGGESTION_DISMISSED = "suggestion_dismissed"
    PERSON_DOWNLOADED = "person_downloaded"
    PERSON_ERASED = "person_erased"
    ERASURE_CANCELLED = "erasure_cancelled"
    SEGMENT_CREATED = "segment_created"
    SEGMENT_CHANGED = "segment_changed"
    SEGMENT_DELETED = "segment_deleted"
    EXPORT_STARTED = "export_started"
    EXPORT_DOWNLOADED = "export_downloaded"
    EXPORT_DELETED = "export_deleted"
    SESSIONS_ENDED = "sessions_ended"
    ACCOUNT_CHANGED = "account_changed"
    SETTINGS_CHANGED = "settings_changed"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    SIGNING_KEY_MADE = "signing_key_made"
    SIGNING_KEY_REVOKED = "signing_key_revoked"
    PROPERTY_ADDED = "property_added"
    DEFINITION_DESCRIBED = "definition_described"
    DEFINITION_ACTIVATED = "definition_activated"
    DEFINITION_DEACTIVATED = "definition_deactivated"
    EVENT_DISCARDED = "event_discarded"
    COLUMN_SHOWN = "column_shown"
    COLUMN_HIDDEN = "column_hidden"
    REJECTS_REPLAYED = "rejects_replayed"
    REJECTS_DOWNLOADED = "rejects_downloaded"


def check_email(text: str) -> str:
    """Give an e-mail address as it is compared, or raise `InvalidInputError`."""
    try:
        return normalise_email(str(STANDARD_FIELDS["Email"].check(text)))
    except Rejected as rejected:
        problem = "is no e-mail address such as ana@example.com"
        raise InvalidInputError(path="email", problem=problem) from rejected


def check_name(text: str) -> str:
    """Give the name of a member, or raise `InvalidInputError`."""
    name = text.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        problem = f"needs 1 to {NAME_CHARACTERS} printable characters"
        raise InvalidInputError(path="name", problem=problem)
    return name


def read_role(text: str) -> Role:
    """Read a role, or raise `InvalidInputError`."""
    try:
        return Role(text)
    except ValueError as error:
        problem = f"'{text}' is none of {', '.join(Role)}"
        raise InvalidInputError(path="role", problem=problem) from error


def check_password(text: str, *, email: str) -> str:
    """Give a password that a member chose as it is hashed, or raise `InvalidInputError`.

    Length is what makes one strong: no letter of a certain kind is asked for.
    """
    password = normal_password(text)
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        problem = f"needs {PASSWORD_LEAST} to {PASSWORD_MOST} characters"
        raise InvalidInputError(path="password", problem=problem)
    if password.casefold() in (email, email.partition("@")[0]) or len(set(password)) == 1:
        problem = "is too easy to guess; take a few words that do not belong together"
        raise InvalidInputError(path="password", problem=problem)
    return password


def normal_password(text: str) -> str:
    """Give a password as it is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", text)
