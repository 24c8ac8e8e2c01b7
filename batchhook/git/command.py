"""Running the git command."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from batchhook.errors import GitError
from batchhook.git.environment import scrubbed

# Our own reads and writes fire none of the user's hooks (post-checkout, reference-transaction, post-index-change) and
# never reach into a submodule's files; a read does not rewrite the index that the user may be working with.
_QUIETLY = ("-c", "core.hooksPath=/dev/null", "-c", "submodule.recurse=false", "--no-optional-locks")


class Git:
    """The git command in one folder, with an environment that points nowhere else.

    Args:
        folder: where git runs; a work tree or a git dir.
        environment: the caller's; git's local variables are taken out of it.
        git_dir: of the repository, where git would not find it from the folder.
        work_tree: the top of the work tree that goes with it.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        git_dir: Path | None = None,
        work_tree: Path | None = None,
    ) -> None:
        self.folder = folder
        self._git_dir, self._work_tree = git_dir, work_tree
        self.environment = scrubbed(os.environ if environment is None else environment)
        self.environment["LC_ALL"] = "C"  # messages are read: keep them in one language
        self.environment["GIT_TERMINAL_PROMPT"] = "0"
        if git_dir is not None:
            self.environment["GIT_DIR"] = os.fspath(git_dir)
        if work_tree is not None:
            self.environment["GIT_WORK_TREE"] = os.fspath(work_tree)
        self._handed_on: tuple[int, ...] = ()

    def at(self, folder: Path) -> Git:
        """The same in another folder of the work tree."""
        return Git(folder, self.environment, git_dir=self._git_dir, work_tree=self._work_tree)

    @contextmanager
    def handing_on(self, descriptor: int) -> Iterator[None]:
        """Let each git that is started inside the block inherit a descriptor: it keeps a lock that outlives us."""
        self._handed_on = (descriptor,)
        try:
            yield
        finally:
            self._handed_on = ()

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
                pass_fds=self._handed_on,
            )
        except FileNotFoundError as error:
            missing = "git" if self.folder.is_dir() else str(self.folder)
            raise GitError(f"{missing} was not found") from error
        if check and done.returncode:
            raise GitError(f"git {_command(arguments)} failed: {_reason(done.stderr, done.returncode)}")
        return done

    def text(self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> str:
        """What git printed, without the last line end.

        Raises:
            GitError: as ``run``.
        """
        done = self.run(*arguments, stdin=stdin, variables=variables)
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    @contextmanager
    def reading(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
        """Run git for the length of a block, which reads what it prints to its end.

        Raises:
            GitError: as ``run``; after what it printed has been read.
        """
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                ["git", *_QUIETLY, *arguments],  # noqa: S607 - as in run
                cwd=self.folder,
                env={**self.environment, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
            )
            with process:
                try:
                    assert process.stdout is not None  # noqa: S101 - a pipe, as was asked
                    yield process.stdout
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                said.seek(0)
                raise GitError(f"git {_command(arguments)} failed: {_reason(said.read(), process.returncode)}")

    def succeeds(self, *arguments: str) -> bool:
        """Whether git ended with 0: for questions that it answers by its exit code."""
        return self.run(*arguments, check=False).returncode == 0


def _command(arguments: Sequence[str]) -> str:
    """The command's name, behind its ``-c name=value``."""
    rest = list(arguments)
    while rest[:1] == ["-c"]:
        del rest[:2]
    return rest[0]


def _reason(printed: bytes, code: int) -> str:
    """The first line that says what was wrong; the last one often says only that something was."""
    said = printed.decode(errors="replace").strip().splitlines()
    errors = [line for line in said if line.startswith(("error: ", "fatal: "))]
    return (errors or said or [f"exit code {code}"])[0]
