"""Texts as indexes hold them: an index of PostgreSQL takes 2,704 bytes, an id may have 4,096."""

import hashlib

_INDEXED_BYTES = 1_000
_SURELY_SHORT = _INDEXED_BYTES // 4


def index_key(text: str) -> str:
    """Give the text by which a row is found: itself, or a digest if it is long.

    A digest begins with a control character, which no id or name has, so that it
    never equals a text that stands for itself.
    """
    if len(text) <= _SURELY_SHORT and "\x00" not in text:
        return text
    raw = text.encode()
    # NUL, which PostgreSQL has no text with, is in no id; asking for one finds nothing.
    is_plain = len(raw) <= _INDEXED_BYTES and "\x00" not in text
    return text if is_plain else f"\x01{hashlib.sha256(raw).hexdigest()}"
