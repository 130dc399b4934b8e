"""LZ-String, as the web SDK compresses what it sends: base64 of codes of growing width.

Decompressing is our own: the packages for it have no bound on what comes out, and a few
kilobytes may stand for hundreds of megabytes. Each code stands for a text seen before
and one character more; the format is that of lz-string's `compressToBase64`.
"""

import base64
import binascii

from mien.http.sdk.refusals import MalformedPayloadError

_NARROW, _WIDE, _END = 0, 1, 2
_CODES_BEFORE_TEXT = 3
_BITS = {_NARROW: 8, _WIDE: 16}


def decompress(text: str, *, limit: int) -> str:
    """Give the text that was compressed to base64, or raise `MalformedPayloadError`.

    `limit` is how many characters come out at most.
    """
    try:
        parts = _decode(_bits(text), limit)
    except (binascii.Error, IndexError, KeyError, ValueError) as error:
        problem = "d: is not compressed by LZ-String"
        raise MalformedPayloadError(problem) from error
    return _paired("".join(parts))


def _bits(text: str) -> str:
    """Give all bits in reverse: a code has its lowest bit first, a number is read from the highest."""
    digits = text.rstrip("=")
    raw = base64.b64decode(digits + "A" * (-len(digits) % 4), validate=True)
    return f"{int.from_bytes(raw):0{len(raw) * 8}b}"[::-1]


def _decode(bits: str, limit: int) -> list[str]:
    end, width = len(bits), 2
    known: dict[int, str] = {}
    parts: list[str] = []
    size, next_code, before = 0, _CODES_BEFORE_TEXT, ""
    while True:
        start = end - width
        # A slice from before the beginning would be one from the end of the text.
        if start < 0:
            raise ValueError
        code, end = int(bits[start:end], 2), start
        if code == _END:
            return parts
        if code <= _WIDE:
            start = end - _BITS[code]
            if start < 0:
                raise ValueError
            part, end = chr(int(bits[start:end], 2)), start
            known[next_code] = part
            next_code += 1
        else:
            # A code that is only now to be given stands for the last text and its first character.
            part = before + before[0] if code == next_code else known[code]
        parts.append(part)
        size += len(part)
        if size > limit:
            problem = f"d: holds more than {limit:,} characters"
            raise MalformedPayloadError(problem)
        if before:
            known[next_code] = before + part[0]
            next_code += 1
        before = part
        width = next_code.bit_length()


def _paired(text: str) -> str:
    """Join the halves in which JavaScript keeps characters beyond 16 bits; a lone half is none."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
