"""Running the git command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git.environment import scrubbed

# Our own reads and writes fire none of the user's hooks (post-checkout, reference-transaction, post-index-change), and
# a read does not rewrite the index that the user may be working with.
_QUIETLY = ("-c", "core.hooksPath=/dev/null", "--no-optional-locks")


class Git:
    """The git command in one folder, with an environment that points nowhere else.

    Args:
        folder: where git runs; a work tree or a git dir.
        environment: the caller's; git's local variables are taken out of it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = scrubbed(os.environ if environment is None else environment)
        self.environment["LC_ALL"] = "C"  # messages are read: keep them in one language
        self.environment["GIT_TERMINAL_PROMPT"] = "0"

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git and wait for it.

        Raises:
            GitError: it ended with another code than 0 and ``check`` is on, or there is no git.
        """
        try:
            done = subprocess.run(
                ["git", *_QUIETLY, *arguments],  # noqa: S607 - the user's git, from the user's PATH
                cwd=self.folder,
                env={**self.environment, **(variables or {})},
                input=stdin,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as error:
            missing = "git" if self.folder.is_dir() else str(self.folder)
            raise GitError(f"{missing} was not found") from error
        if check and done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise GitError(f"git {arguments[0]} failed: {said[-1] if said else f'exit code {done.returncode}'}")
        return done

    def text(self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> str:
        """What git printed, without the last line end.

        Raises:
            GitError: as ``run``.
        """
        done = self.run(*arguments, stdin=stdin, variables=variables)
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    def succeeds(self, *arguments: str) -> bool:
        """Whether git ended with 0: for questions that it answers by its exit code."""
        return self.run(*arguments, check=False).returncode == 0
