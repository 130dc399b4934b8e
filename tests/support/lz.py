"""LZ-String's `compressToBase64`, to make what the web SDK sends."""

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_END = 2


def compress(text: str) -> str:
    """Compress a text as the web SDK does."""
    raw = text.encode("utf-16-be", "surrogatepass")
    writer = _Writer()
    for at in range(0, len(raw), 2):
        writer.take(int.from_bytes(raw[at : at + 2]))
    return writer.finish()


class _Writer:
    """Gathers the bits of the codes; a code has its lowest bit first."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self._known: dict[tuple[int, ...], int] = {}
        self._fresh: set[int] = set()
        self._width, self._room = 2, 2
        self._before: tuple[int, ...] = ()

    def take(self, unit: int) -> None:
        """Take one character of 16 bits."""
        if (unit,) not in self._known:
            self._known[unit,] = len(self._known) + 3
            self._fresh.add(unit)
        longer = (*self._before, unit)
        if longer in self._known:
            self._before = longer
            return
        self._emit(self._before)
        self._known[longer] = len(self._known) + 3
        self._before = (unit,)

    def finish(self) -> str:
        """Give everything in base64."""
        if self._before:
            self._emit(self._before)
        self._write(_END, self._width)
        stream = "".join(self._bits)
        stream += "0" * (-len(stream) % 6 or 6)
        sixes = [stream[at : at + 6] for at in range(0, len(stream), 6)]
        digits = "".join(_DIGITS[int(six, 2)] for six in sixes)
        return digits + "=" * (-len(digits) % 4)

    def _emit(self, phrase: tuple[int, ...]) -> None:
        unit = phrase[0]
        if len(phrase) == 1 and unit in self._fresh:
            self._fresh.discard(unit)
            is_wide = unit >= 256
            self._write(int(is_wide), self._width)
            self._write(unit, 16 if is_wide else 8)
            self._grow()
        else:
            self._write(self._known[phrase], self._width)
        self._grow()

    def _write(self, number: int, size: int) -> None:
        self._bits.append(f"{number:0{size}b}"[::-1])

    def _grow(self) -> None:
        self._room -= 1
        if self._room == 0:
            self._room = 1 << self._width
            self._width += 1
