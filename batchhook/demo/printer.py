"""Output of the demo: headings, paragraphs, and commands as they would be typed."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

MAX_WIDTH = 80
"""Maximum columns of a paragraph, however wide the terminal is."""


class Printer:
    """Write to standard output, without colours unless it is a terminal.

    Args:
        pause: seconds to wait before each command, for following along.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._console = Console(highlight=False)
        self._width = min(MAX_WIDTH, self._console.width)

    def heading(self, title: str) -> None:
        """Print the title of a section."""
        self._console.print()
        self._console.rule(Text(title, "bold"), align="left", characters="=", style="cyan")

    def paragraph(self, text: str, style: str = "") -> None:
        """Print text as one paragraph; runs of whitespace count as a single space."""
        self._console.print()
        wrapped = textwrap.fill(" ".join(text.split()), self._width, break_long_words=False)
        self._console.print(Text(wrapped, style), soft_wrap=True)

    def line(self, text: str) -> None:
        """Print a line without wrapping it, so that a path in it can be copied."""
        self._console.print()
        self._console.print(Text(text), soft_wrap=True)

    def command(self, words: Sequence[str]) -> None:
        """Print the command that runs next, on one line so that it can be copied."""
        line = Text.assemble(("$ ", "dim"), (format_command(words), "bold green"))
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()  # the command's own output follows it
        time.sleep(self._pause)

    def hint(self, command: str, meaning: str) -> None:
        """Print one line of a list of commands."""
        self._console.print(Text.assemble("  ", (command.ljust(24), "bold green"), meaning), soft_wrap=True)


def format_command(words: Sequence[str]) -> str:
    """Return a command line as it would be typed.

    >>> format_command(["git", "commit", "-am", "Revert batch 1"])
    'git commit -am "Revert batch 1"'
    """
    return " ".join(f'"{word}"' if " " in word else word for word in words)
