"""How the demo looks: a heading for each act, plain words, and the commands as one types them."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

WIDTH = 80
"""Columns that a paragraph takes at most, however wide the terminal is."""


class Screen:
    """Writes on the standard output; without colours where that is no terminal.

    Args:
        pause: seconds to rest before each command, for those who read along.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._console = Console(highlight=False)
        self._width = min(WIDTH, self._console.width)

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self._console.print()
        self._console.rule(Text(title, "bold"), align="left", characters="=", style="cyan")

    def say(self, words: str, style: str = "") -> None:
        """Say something in plain words; line breaks and spaces of the source do not count."""
        self._console.print()
        paragraph = textwrap.fill(" ".join(words.split()), self._width, break_long_words=False)
        self._console.print(Text(paragraph, style), soft_wrap=True)

    def note(self, line: str) -> None:
        """One line as it is, however long: with a path in it, say, that is to be copied."""
        self._console.print()
        self._console.print(Text(line), soft_wrap=True)

    def command(self, words: Sequence[str]) -> None:
        """Show a command that is run next, in one line whatever its length: it can be copied from there."""
        line = Text.assemble(("$ ", "dim"), (as_typed(words), "bold green"))
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()  # what the command itself writes comes after it
        time.sleep(self._pause)

    def advice(self, command: str, meaning: str) -> None:
        """One line of a list of commands to use."""
        self._console.print(Text.assemble("  ", (command.ljust(24), "bold green"), meaning), soft_wrap=True)


def as_typed(words: Sequence[str]) -> str:
    """A command as one types it.

    >>> as_typed(["git", "commit", "-am", "Take out batch 1"])
    'git commit -am "Take out batch 1"'
    """
    return " ".join(f'"{word}"' if " " in word else word for word in words)
