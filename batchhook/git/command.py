"""Run the git command."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from batchhook.errors import GitError
from batchhook.git.environment import scrub_environment

_EVENTS = ("post-checkout", "post-index-change", "pre-auto-gc", "reference-transaction")
"""Hooks that git would run in the course of our own calls."""

# Our own calls fire none of the user's hooks, in whatever folder or configured (since git 2.54; one event can be turned
# off since 2.55), start no file system monitor, never touch a submodule's files, write and print UTF-8, and do not
# refresh the index that the user may be working with.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    *(f"hook.{event}.enabled=false" for event in _EVENTS),
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
)
_QUIET_OPTIONS = (*(word for setting in _SETTINGS for word in ("-c", setting)), "--no-optional-locks")


class Git:
    """The git command in one folder, with an environment that points at no other repository.

    Args:
        folder: where git runs; a work tree or a git dir.
        environment: the caller's; of git's variables, those for our own calls are kept (``scrub_environment``).
        git_dir: the repository, where git would not discover it from the folder.
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
        self.environment = scrub_environment(os.environ if environment is None else environment)
        self.environment["LC_ALL"] = "C"  # messages are parsed
        self.environment["GIT_TERMINAL_PROMPT"] = "0"
        if git_dir is not None:
            self.environment["GIT_DIR"] = os.fspath(git_dir)
        if work_tree is not None:
            self.environment["GIT_WORK_TREE"] = os.fspath(work_tree)
        self._inherited: tuple[int, ...] = ()

    def at(self, folder: Path) -> Git:
        """Return the same for another folder of the work tree."""
        return Git(folder, self.environment, git_dir=self._git_dir, work_tree=self._work_tree)

    @contextmanager
    def inheriting(self, descriptor: int) -> Iterator[None]:
        """Let each git started inside the block inherit a descriptor, so that it keeps a lock even if we die."""
        self._inherited = (descriptor,)
        try:
            yield
        finally:
            self._inherited = ()

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git and wait for it.

        Raises:
            GitError: it failed and ``check`` is on, git was not found, or an argument has a NUL character.
        """
        try:
            done = subprocess.run(
                ["git", *_QUIET_OPTIONS, *arguments],  # noqa: S607 - the user's git, from the user's PATH
                cwd=self.folder,
                env={**self.environment, **(variables or {})},
                input=stdin,
                capture_output=True,
                check=False,
                pass_fds=self._inherited,
            )
        except FileNotFoundError as error:
            missing = "git" if self.folder.is_dir() else str(self.folder)
            raise GitError(f"{missing} was not found") from error
        except ValueError as error:  # from a page or an agent: a shell cannot pass it
            raise GitError("a NUL character cannot be in a name") from error
        if check and done.returncode:
            raise GitError(f"git {_command(arguments)} failed: {_reason(done.stderr, done.returncode)}")
        return done

    def text(self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> str:
        """Return what git printed, without the final newline.

        Raises:
            GitError: as ``run``.
        """
        done = self.run(*arguments, stdin=stdin, variables=variables)
        return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")

    @contextmanager
    def stream(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
        """Run git and yield its standard output, which the block must read to the end.

        Raises:
            GitError: as ``run``, at the end of the block.
        """
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                ["git", *_QUIET_OPTIONS, *arguments],  # noqa: S607 - as in run
                cwd=self.folder,
                env={**self.environment, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            with process:
                try:
                    assert process.stdout is not None  # noqa: S101 - stdout=PIPE
                    yield process.stdout
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                errors.seek(0)
                raise GitError(f"git {_command(arguments)} failed: {_reason(errors.read(), process.returncode)}")

    def succeeds(self, *arguments: str) -> bool:
        """Return whether git exits with 0, for questions that it answers by its exit code."""
        return self.run(*arguments, check=False).returncode == 0


def _command(arguments: Sequence[str]) -> str:
    """Return the subcommand, skipping ``-c name=value``."""
    rest = list(arguments)
    while rest[:1] == ["-c"]:
        del rest[:2]
    return rest[0]


def _reason(printed: bytes, code: int) -> str:
    """Return the first error line; the last one often says only that something failed."""
    lines = printed.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if line.startswith(("error: ", "fatal: "))]
    return (errors or lines or [f"exit code {code}"])[0]
