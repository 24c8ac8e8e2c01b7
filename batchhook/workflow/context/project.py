"""One repository, opened: what every use case works on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.changes import Fill
from batchhook.core.settings import Settings
from batchhook.errors import StoreError
from batchhook.git.command import Git
from batchhook.git.location import Location, locate, read_head
from batchhook.lazy import Late
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context import config
from batchhook.workflow.context.config import Said
from batchhook.workflow.counting.reconcile import Count, reconcile

if TYPE_CHECKING:
    from batchhook.git import shadow_repo
else:
    shadow_repo = Late("batchhook.git.shadow_repo")


@dataclass(frozen=True, slots=True)
class Project:
    """A repository in which batchhook is installed, seen from one of its work trees.

    ``size_is_for_once``: the batch size was said on the command line or in the environment, and holds no longer.
    """

    location: Location
    git: Git
    state: StateDir
    database: Database
    settings: Settings
    said: Said
    size_is_for_once: bool = False

    def on(self, branch: str) -> Project:
        """The same with the settings that hold on a branch (full ref name)."""
        if not config.differ_between_branches(self.said.top):
            return self
        return replace(self, settings=config.load(self.said, lambda: branch))

    def reconcile(self, *, rebase_has_ended: bool = False) -> Count | None:
        """Bring the count up to the commit graph (``workflow/counting/reconcile.py``)."""
        fill = Fill(self.settings.batch_size, self.settings.unit)
        count = reconcile(self.database, self.git, self.location, fill, rebase_has_ended=rebase_has_ended)
        if count is not None and self.size_is_for_once:
            self.state.count(count.branch).unlink(missing_ok=True)  # the next hook is not to go on with it
        return count


def has_pending_import(location: Location) -> bool:
    """Return whether changes were recorded here before there was a git repository, and wait to be imported."""
    if location.is_private or not shadow_repo.is_there(location.top):
        return False
    return StateDir.of(shadow_repo.git_dir_of(location.top)).exists()


def _not_installed(location: Location) -> StoreError:
    said = "batchhook is not installed in this repository"
    if not has_pending_import(location):
        return StoreError(said, "batchhook install")
    return StoreError(
        f"{said}; what was recorded before there was git is in {shadow_repo.git_dir_of(location.top)}",
        "batchhook install takes it over",
    )


@contextmanager
def opened(
    start: Path | Location,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    timeout: float = 10.0,
) -> Iterator[Project]:
    """Open the repository around a folder for the length of a block.

    Args:
        start: any folder inside the work tree, or where that was found to be.
        environment: of the process that asks; git's variables in it name the repository inside a hook.
        flags: settings given on the command line.
        timeout: seconds to wait for another process's write to the database.

    Raises:
        NotARepositoryError, StoreError, ConfigurationError: there is no repository, batchhook is not installed in
            it, or its settings are wrong.
    """
    environment = os.environ if environment is None else environment
    location = start if isinstance(start, Location) else locate(start, environment)
    state = StateDir.of(location.common_dir)
    if not state.exists():
        raise _not_installed(location)
    database = Database(state.database, timeout=timeout)
    try:
        git = location.git(environment)
        said = Said(location.top, environment, flags or {})
        settings = config.load(said, lambda: read_head(git, location).branch, validated_before=state.settings)
        for_once = "BATCHHOOK_BATCH_SIZE" in environment or (flags or {}).get("batch_size") is not None
        yield Project(location, git, state, database, settings, said, for_once)
    finally:
        database.close()
