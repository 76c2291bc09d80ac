"""E-mail addresses, compared without case."""

from __future__ import annotations


def key(address: str) -> str:
    """What two addresses share that differ in case alone (USER-UNIQUE-EMAIL).

    Letters are folded one by one: ß stays apart from ss, whatever stands at the end of a word.
    """
    if address.isascii():
        return address.lower()
    folded = ((letter, letter.casefold()) for letter in address)
    return "".join(fold if len(fold) == 1 else letter for letter, fold in folded)
