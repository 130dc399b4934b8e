"""Names as people look for them: by the beginnings of their words, in whatever spelling.

Case and accents do not count, and what joins or ends words in a name parts them.
"""

import unicodedata

JOINTS = "-'\u2019.,_/()"
"""What parts words besides blanks."""

WORDS = 10
"""How many words a look for a name heeds at most."""

_PARTED = str.maketrans(JOINTS, " " * len(JOINTS))


def key_of_name(name: str) -> str | None:
    """Give the form by which a name is sorted and found, None for one without a word.

    A blank stands before each word, the first one too: a word that begins with some text is
    where that text stands after a blank.
    """
    # A NUL ends a text for some engines.
    apart = unicodedata.normalize("NFD", name.replace("\0", ""))
    plain = unicodedata.normalize("NFC", "".join(filter(_is_letter, apart)))
    words = "".join(map(_lower, plain)).translate(_PARTED).strip(" ")
    return f" {words}" if words else None


def beginnings(text: str) -> list[str]:
    """Give what has to stand in the key of a name that is looked for, each of these; none: nobody is."""
    words = [key_of_name(word) for word in text.split()]
    return [word for word in words if word is not None][:WORDS]


def _is_letter(character: str) -> bool:
    """Tell whether a character is no mark on the letter before it."""
    return unicodedata.category(character)[0] != "M"


def _lower(letter: str) -> str:
    lower = letter.lower()
    return lower if len(lower) == 1 else letter
