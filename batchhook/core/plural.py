"""Numbers of things, in words and shares."""

from __future__ import annotations

_SMALLEST_SHOWN = 0.001


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


def percentage(share: float) -> str:
    """Return a share (0 to 1) in per cent; neither "0%" for more than nothing, nor "100%" for less than all."""
    text = f"{share:.0%}"
    if share > 0 and text == "0%":
        return f"{share:.1%}" if share >= _SMALLEST_SHOWN else "<0.1%"
    if share < 1 and text == "100%":
        return f"{share:.1%}" if 1 - share >= _SMALLEST_SHOWN else ">99.9%"
    return text
