"""The command that prepares a checkout for tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setup:
    """A command that prepares a checkout for tests.

    Attributes:
        folder: that it starts in, relative to the checkout; empty for the checkout itself.
        command: its words, without a shell; empty for none.
        inputs: files that decide its result, relative to ``folder``; empty: it runs each time.
        outputs: folders that it creates, relative to ``folder``; they are kept, and shared by checkouts with equal
            inputs.
    """

    folder: str = ""
    command: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
