"""Python client of Mien: say what users do, upload records, read, erase and replay.

`Mien` and `AsyncMien` are the two clients. Both say the same things in the
same order; only the sending differs. `Mien.user` says things of a person without
waiting for the server.
"""

from mien_client._version import __version__
from mien_client.async_client import AsyncMien
from mien_client.client import Mien
from mien_client.errors import (
    InvalidRequestError,
    MienError,
    NotAllowedError,
    Problem,
    UnavailableError,
    UnexpectedAnswerError,
    UploadInterruptedError,
)
from mien_client.outbox import Queue
from mien_client.records import EventRecord, ProfileRecord, Record, TokenRecord
from mien_client.results import (
    Change,
    EventSummary,
    HistoryEntry,
    Identity,
    Profile,
    ProfileToken,
    ProfileType,
    Receipt,
    Reject,
    Result,
    Status,
)
from mien_client.settings import Options
from mien_client.tokens import sign_identity
from mien_client.users import User
from mien_client.values import parse_date

__all__ = [
    "AsyncMien",
    "Change",
    "EventRecord",
    "EventSummary",
    "HistoryEntry",
    "Identity",
    "InvalidRequestError",
    "Mien",
    "MienError",
    "NotAllowedError",
    "Options",
    "Problem",
    "Profile",
    "ProfileRecord",
    "ProfileToken",
    "ProfileType",
    "Queue",
    "Receipt",
    "Record",
    "Reject",
    "Result",
    "Status",
    "TokenRecord",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UploadInterruptedError",
    "User",
    "__version__",
    "parse_date",
    "sign_identity",
]
