"""An opened repository, on which every use case works."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.batch import Batch, BatchQuota
from batchhook.core.settings import Isolation, Settings
from batchhook.errors import StoreError
from batchhook.git.command import Git
from batchhook.git.location import Location, locate, read_head
from batchhook.lazy import LazyModule
from batchhook.store import adaptive_size, batches, branches
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context import config
from batchhook.workflow.context.config import SettingsSources
from batchhook.workflow.counting.reconcile import Count, HookEvent, reconcile

if TYPE_CHECKING:
    from batchhook.git import hooks_dir, shadow_repo
    from batchhook.workflow.context import framework_config
    from batchhook.workflow.counting import preview
else:
    hooks_dir = LazyModule("batchhook.git.hooks_dir")
    framework_config = LazyModule("batchhook.workflow.context.framework_config")
    shadow_repo = LazyModule("batchhook.git.shadow_repo")
    preview = LazyModule("batchhook.workflow.counting.preview")


@dataclass(frozen=True, slots=True)
class Project:
    """A repository in which batchhook is installed, seen from one of its work trees.

    Attributes:
        location: the work tree.
        git: the git command in its top folder.
        state: the repository's state folder.
        database: its database.
        settings: for the branch that was checked out when it was opened.
        sources: of the settings.
        is_size_one_off: whether the batch size comes from the command line or the environment, for this call only.
    """

    location: Location
    git: Git
    state: StateDir
    database: Database
    settings: Settings
    sources: SettingsSources
    is_size_one_off: bool = False

    def for_branch(self, branch: str) -> Project:
        """Return the project with a branch's settings (full ref name)."""
        if not config.has_branch_settings(self.sources.top):
            return self
        return replace(self, settings=config.load(self.sources, lambda: branch))

    def with_worktrees(self) -> Project:
        """Return the project with tests in private work trees: other commits can be tested nowhere else."""
        return replace(self, settings=replace(self.settings, isolation=Isolation.WORKTREE))

    def reconcile(self, hook: HookEvent | None = None) -> Count | None:
        """Bring the count up to date with the commit graph (``workflow/counting/reconcile.py``)."""
        quota = self._adaptive_quota(hook) if self.is_size_adaptive else self._usual_quota
        count = reconcile(self.database, self.git, self.location, quota, hook=hook)
        if count is not None and count.sealed and hook is None:  # the next batch begins with the usual size
            count = replace(count, quota=self._usual_quota)
        if count is not None and (self.is_size_one_off or self.is_size_adaptive):
            self.state.open_count(count.branch).unlink(missing_ok=True)  # the next hook must not count by it
        return count

    def preview_open_batch(self) -> Batch | None:
        """Return the open batch without writing anything (``workflow/counting/preview.py``)."""
        quota = self._adaptive_quota(None) if self.is_size_adaptive else self._usual_quota
        return preview.read_open_batch(self.database, self.git, self.location, quota)

    @property
    def is_size_adaptive(self) -> bool:
        """Return whether the size of batches follows the risk of their changes, and there is something learned."""
        is_wanted = self.settings.is_batch_size_adaptive and not self.is_size_one_off
        return is_wanted and adaptive_size.is_enabled(self.state)

    @property
    def _usual_quota(self) -> BatchQuota:
        return BatchQuota(self.settings.usual_batch_size, self.settings.unit)

    def _adaptive_quota(self, hook: HookEvent | None) -> BatchQuota:
        """Return the quota of the open batch, by the size that was computed for it in the background."""
        usual = self._usual_quota
        name = (hook.head if hook is not None else read_head(self.git, self.location)).branch
        branch = branches.find(self.database, name)
        number = batches.find_open(self.database, branch) if branch is not None else None
        size = adaptive_size.read(self.state, number, usual.size) if number is not None else usual.size
        return replace(usual, size=size, usual=usual.size)


def has_pending_import(location: Location) -> bool:
    """Return whether changes were recorded here before there was a git repository, and wait to be imported."""
    if location.is_shadow or not shadow_repo.exists(location.top):
        return False
    return StateDir.for_repository(shadow_repo.git_dir_for(location.top)).is_installed()


def _not_installed(location: Location, git: Git) -> StoreError:
    framework = framework_config.find_framework_config(location.top, hooks_dir.find(location, git).path)
    if framework is not None and "post-commit" not in framework.installed:
        message = f"{framework.name} names batchhook, but {framework.program} is not installed in this repository"
        return StoreError(message, f"{framework.install_command}; without {framework.program}: batchhook install")
    if framework is not None:
        message = f"{framework.name} runs batchhook, but no commit was counted yet"
        return StoreError(message, "git commit; or batchhook install")
    message = "batchhook is not installed in this repository"
    if not has_pending_import(location):
        return StoreError(message, "batchhook install")
    return StoreError(
        f"{message}; changes recorded before it was one are in {shadow_repo.git_dir_for(location.top)}",
        "batchhook install imports them",
    )


@contextmanager
def open_project(  # noqa: PLR0913 - all but the first have defaults
    start: Path | Location,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    timeout: float = 10.0,
    branch: str = "",
    is_read_only: bool = False,
) -> Iterator[Project]:
    """Open the repository around a folder.

    Args:
        start: any folder inside the work tree, or its location.
        environment: of the calling process; inside a hook, git's variables in it name the repository.
        flags: settings given on the command line.
        timeout: seconds to wait for another process's write to the database.
        branch: the one that is checked out, as ``Head`` has it, if known; else it is read where settings depend on it.
        is_read_only: whether nothing can be written to the database.

    Raises:
        NotARepositoryError, StoreError, ConfigurationError: there is no repository, batchhook is not installed in it,
            or its settings are wrong.
    """
    environment = os.environ if environment is None else environment
    flags = flags or {}
    location = start if isinstance(start, Location) else locate(start, environment)
    state = StateDir.for_repository(location.common_dir)
    state.check_kinds()
    if not state.is_installed():
        raise _not_installed(location, location.git(environment))
    database = Database(state.database, timeout=timeout, is_read_only=is_read_only)
    try:
        git = location.git(environment)
        sources = SettingsSources(location.top, environment, flags)
        settings = config.load(sources, lambda: branch or read_head(git, location).branch, cache=state.settings)
        is_one_off = "BATCHHOOK_BATCH_SIZE" in environment or flags.get("batch_size") is not None
        yield Project(location, git, state, database, settings, sources, is_one_off)
    finally:
        database.close()
