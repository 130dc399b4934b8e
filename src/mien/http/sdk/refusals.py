"""Why a page is refused; `http/errors.py` knows the statuses."""

from mien.domain.errors import MienError
from mien.http.body import MalformedBodyError


class MalformedPayloadError(MalformedBodyError):
    """The payload of an SDK request is not JSON compressed by LZ-String, or is too large."""

    code = "malformed_payload"
    mend = "Send what the SDK sends: `d` is a JSON object, compressed with `compressToBase64`."


class EncryptedPayloadError(MienError):
    """The payload is encrypted by the SDK; its own key lies beside it, so this protects nothing."""

    code = "encrypted_payload"
    mend = "Leave `enableEncryptionInTransit` off: TLS encrypts. The SDK falls back by itself."

    def __init__(self) -> None:
        super().__init__("Encryption in transit is not enabled for this account.")


class OriginNotListedError(MienError):
    """The environment lists the origins that pages may send from, and this page's is not there."""

    code = "origin_not_listed"
    mend = "Add the origin with `mien environment set`, as `https://shop.example`."

    def __init__(self, origin: str) -> None:
        self.origin = origin
        said = f"the origin {origin}" if origin else "a page whose origin is unknown"
        super().__init__(f"This environment takes nothing from {said}.")


class VariablesNotKeptError(MienError):
    """The SDK would define variables, which this server does not keep."""

    code = "variables_not_kept"
    mend = "Define variables with their values in the page; `fetchVariables` answers with none."

    def __init__(self) -> None:
        super().__init__("This server keeps no variables; the values in the page hold.")
