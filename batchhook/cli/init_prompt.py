"""Beginning without git: asked once, by the commands that record."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from batchhook.cli.options import options
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, NoRepositoryError
from batchhook.git.location import locate
from batchhook.workflow.setup.shadow_init import begin_without_git

Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="In a folder without git, begin with a private repository; ask nothing.")
]
"""The option of the commands that may begin."""


def ensured(folder: Path, *, yes: bool) -> None:
    """See that there is a repository around a folder; where there is none, begin with a private one, if that is agreed.

    Args:
        folder: any folder.
        yes: whether it was agreed to beforehand.

    Raises:
        BatchhookError: there is none, and nobody agreed; or it cannot be made.
        Abort: the question was not answered.
    """
    try:
        locate(folder)
    except NoRepositoryError as error:
        top = one_line(os.path.realpath(folder))
        if not yes and (options.json or not sys.stdin.isatty()):
            hint = f"--yes has batchhook keep a private repository in {top}/.batchhook; or: git init"
            raise BatchhookError(error.message, hint) from error
        if not yes and not _agreed():
            raise BatchhookError("nothing was recorded, and nothing was made", "git init, or say yes") from error
        begin_without_git(folder, os.environ)
        Console(stderr=True, highlight=False, markup=False, emoji=False).print(
            f"batchhook keeps a private repository in {top}/.batchhook. The files as they are now are where it begins:"
            " what changes from now on counts.",
            soft_wrap=True,
        )


def _agreed() -> bool:
    question = (
        "This folder is no git repository. batchhook can keep a private one in .batchhook/, beside your files. Go on?"
    )
    return typer.confirm(question, err=True)
