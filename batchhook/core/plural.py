"""Numbers of things, in words."""

from __future__ import annotations


def plural(number: int, noun: str, plural_noun: str = "") -> str:
    """Return a number with its noun: ``1 test``, ``2 tests``, ``3 batches``.

    Args:
        number: how many.
        noun: in the singular.
        plural_noun: by default, the noun with an "s" or "es".
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {plural_noun or noun + ('es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's')}"
