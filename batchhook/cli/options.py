"""The global options, and what every command does with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from batchhook.workflow.context.project import Project, opened

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass
class Options:
    """What was said before the command; one for the process, set by ``cli/app.py``.

    ``in_lines``: each JSON document stands on a line of its own, since there are many.
    """

    json: bool = False
    batch_size: int | None = None
    folder: Path = Path()
    in_lines: bool = False


options = Options()


@contextmanager
def project(**settings: object) -> Iterator[Project]:
    """The repository that the options name, for the length of a block.

    Args:
        settings: what the command line sets; None for what it does not.
    """
    with opened(options.folder, flags={"batch_size": options.batch_size, **settings}) as opened_project:
        yield opened_project


class _Output(Console):
    """A console that lets the error boundary see when nobody reads on; rich would end with 1."""

    def on_broken_pipe(self) -> None:
        """See ``cli/main.py``."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output, for people."""
    return _Output(highlight=False, markup=False, emoji=False)


def emit(document: BaseModel) -> None:
    """Print a document, for programs."""
    print(document.model_dump_json(indent=2))  # noqa: T201 - this is the output
