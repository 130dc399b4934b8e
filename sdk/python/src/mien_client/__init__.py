"""Python client of Mien: upload records, read, erase and replay, sync or async.

`Mien` and `AsyncMien` are the two clients. Both say the same things in the
same order; only the sending differs.
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
from mien_client.records import EventRecord, ProfileRecord, Record, TokenRecord
from mien_client.results import (
    Change,
    EventSummary,
    HistoryEntry,
    Identity,
    Profile,
    ProfileType,
    Receipt,
    Reject,
    Result,
    Status,
)
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
    "Problem",
    "Profile",
    "ProfileRecord",
    "ProfileType",
    "Receipt",
    "Record",
    "Reject",
    "Result",
    "Status",
    "TokenRecord",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UploadInterruptedError",
    "__version__",
    "parse_date",
]
