"""Options that commands share, and the repository and output that they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from batchhook.workflow.context.project import Project


@dataclass
class GlobalOptions:
    """The options before the command; one object per process, set by ``cli/app.py``.

    Attributes:
        json_lines: print each JSON document on one line, because the command prints several.
    """

    json: bool = False
    batch_size: int | None = None
    folder: Path = Path()
    json_lines: bool = False


options = GlobalOptions()


def _enable_json(is_given: bool) -> None:
    options.json = options.json or is_given


Json = Annotated[bool, typer.Option("--json", callback=_enable_json, help="Print one JSON document.")]
"""``--json`` after the command; the same as before it."""

BatchNumber = Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the batch.")]
LatestBatch = Annotated[
    int | None, typer.Argument(metavar="N", min=1, help="Number of the batch; by default the latest full one.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, with the diff, and change nothing.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")]
Stash = Annotated[bool, typer.Option("--stash", help="Move uncommitted work that is in the way to git's stash.")]
Pattern = Annotated[
    str | None, typer.Option("-p", "--pattern", metavar="PATTERN", help="Run only test files that match this.")
]
Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", min=0, metavar="N", help="Parallel processes; 0 for one per processor.")
]
Coverage = Annotated[
    bool | None, typer.Option("--coverage/--no-coverage", help="Measure which code the tests run, with coverage.py.")
]


@contextmanager
def project(**settings: object) -> Iterator[Project]:
    """Open the repository that the options name, for the length of a block.

    Args:
        settings: those that the command line overrides; None for those that it does not.
    """
    from batchhook.workflow.context.project import open_project

    with open_project(options.folder, flags={"batch_size": options.batch_size, **settings}) as opened:
        yield opened


def console() -> Console:
    """Return a console on standard output."""
    from batchhook.report.console.layout import OutputConsole

    return OutputConsole()


def progress_console() -> Console:
    """Return a console on standard error, for progress."""
    from rich.console import Console

    return Console(stderr=True)


def emit(document: BaseModel) -> None:
    """Print a document as JSON."""
    print(document.model_dump_json(indent=2))  # noqa: T201 - the command's output
