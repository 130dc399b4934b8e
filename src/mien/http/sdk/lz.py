"""LZ-String, as the web SDK compresses what it sends: base64 of codes of growing width.

Decompressing is our own: the packages for it have no bound on what comes out, and a few
kilobytes may stand for hundreds of megabytes. Each code stands for a text seen before
and one character more; the format is that of lz-string's `compressToBase64`.
"""

import base64
import binascii
import struct

from mien.http.sdk.refusals import MalformedPayloadError

_NARROW, _WIDE, _END = 0, 1, 2
_CODES_BEFORE_TEXT = 3
_BITS = {_NARROW: 8, _WIDE: 16}
_WORD = 4
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def decompress(text: str, *, limit: int) -> str:
    """Give the text that was compressed to base64, or raise `MalformedPayloadError`.

    `limit` is how many characters come out at most.
    """
    try:
        parts = _decode(_words(text), limit)
    except (binascii.Error, IndexError, KeyError, ValueError) as error:
        problem = "d: is not compressed by LZ-String"
        raise MalformedPayloadError(problem) from error
    return _paired("".join(parts))


def _words(text: str) -> list[int]:
    """Give the 32 bits from each byte on, the first of them lowest: codes come lowest bit first.

    No code with its place in a byte takes more, and a few sums find it. Behind the end are zeros.
    """
    digits = text.rstrip("=")
    raw = base64.b64decode(digits + "A" * (-len(digits) % 4), validate=True).translate(_REVERSED)
    count = -(-len(raw) // _WORD)
    raw += bytes((count + 1) * _WORD - len(raw))
    words = [0] * (count * _WORD)
    for offset in range(_WORD):
        words[offset::_WORD] = struct.unpack_from(f"<{count}I", raw, offset)
    return words


def _decode(words: list[int], limit: int) -> list[str]:
    at, width, mask = 0, 2, 3
    known = [""] * _CODES_BEFORE_TEXT
    parts: list[str] = []
    size, before = 0, ""
    while True:
        code, at = words[at >> 3] >> (at & 7) & mask, at + width
        if code > _END:
            # A code that is only now to be given stands for the last text and its first character.
            part = before + before[0] if code == len(known) else known[code]
        elif code == _END:
            return parts
        else:
            bits = _BITS[code]
            part, at = chr(words[at >> 3] >> (at & 7) & (1 << bits) - 1), at + bits
            known.append(part)
        parts.append(part)
        size += len(part)
        if size > limit:
            problem = f"d: holds more than {limit:,} characters"
            raise MalformedPayloadError(problem)
        if before:
            known.append(before + part[0])
        before = part
        if len(known) > mask:
            width, mask = width + 1, mask * 2 + 1


def _paired(text: str) -> str:
    """Join the halves in which JavaScript keeps characters beyond 16 bits; a lone half is none."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
