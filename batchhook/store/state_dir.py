"""The state folder ``<common git dir>/batchhook`` and the paths in it."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import StoreError

_DIGEST_LENGTH = 12
"""Hexadecimal digits that tell repositories apart."""


def user_folder() -> str:
    """Return the name of this user's folder among those that are shared with other users."""
    return f"batchhook-{os.geteuid()}"


def is_digest(name: str) -> bool:
    """Return whether a name may be that of a repository's folder there."""
    return re.fullmatch(rf"[0-9a-f]{{{_DIGEST_LENGTH}}}", name) is not None


@dataclass(frozen=True, slots=True)
class StateDir:
    """Paths in the state folder.

    Paths marked "known to the hooks" are hard-coded in the hook scripts; change both together.
    """

    root: Path

    @classmethod
    def for_repository(cls, common_dir: Path) -> StateDir:
        """Return the state folder of a repository, whether or not it exists."""
        return cls(common_dir / "batchhook")

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.root / "state.db"

    @property
    def journal(self) -> Path:
        """Events written by the hooks (known to the hooks)."""
        return self.root / "journal"

    def open_count(self, branch: str) -> Path:
        """Return the file with a branch's last count, which lets a hook answer without Python (known to the hooks)."""
        return self.root / "open" / branch

    @property
    def open_counts(self) -> Path:
        """The folder of all such counts."""
        return self.root / "open"

    @property
    def notices(self) -> Path:
        """Verdicts not yet seen, one file per batch (known to the hooks)."""
        return self.root / "notices"

    def gate(self, branch: str) -> Path:
        """Return the file that exists while a branch's last batch is critical and unresolved (known to the hooks)."""
        return self.gates / branch

    @property
    def gates(self) -> Path:
        """The folder of all such files."""
        return self.root / "gates"

    @property
    def waiting(self) -> Path:
        """Exists while a sealed batch has no run; holds the runner's process id (known to the hooks)."""
        return self.root / "waiting"

    @property
    def each_commit(self) -> Path:
        """Exists while commits start a run of the tests that they can affect (known to the hooks)."""
        return self.root / "each-commit"

    def affected_note(self, branch: str) -> Path:
        """Return the file with the outcome of the last such run on a branch (known to the hooks)."""
        return self.root / "affected" / branch

    def commit_run_lock(self, worktree: str) -> Path:
        """Return the file that is locked by the one such run of a work tree, named as its git dir is."""
        return self.root / f"commit-run-{worktree}.lock"

    @property
    def runner_lock(self) -> Path:
        """Locked by the one runner as long as it lives."""
        return self.root / "runner.lock"

    @property
    def operation_lock(self) -> Path:
        """Locked while a rollback or an undo is planned and carried out."""
        return self.root / "operation.lock"

    @property
    def recording_lock(self) -> Path:
        """Locked while a work tree is read to record it, and while an operation changes its files."""
        return self.root / "recording.lock"

    @property
    def backups_lock(self) -> Path:
        """Locked while a backup is created, or unused contents are removed."""
        return self.root / "backups.lock"

    @property
    def in_place_lock(self) -> Path:
        """Locked while tests run in the user's own work tree: one run at a time."""
        return self.root / "in-place.lock"

    @property
    def log(self) -> Path:
        """Errors of hooks and background processes."""
        return self.root / "batchhook.log"

    @property
    def plugins(self) -> Path:
        """Working folders of the plug-ins, one for each."""
        return self.root / "plugins"

    @property
    def plugins_log(self) -> Path:
        """Output of plug-ins, and errors of plug-ins and notifications."""
        return self.root / "plugins.log"

    @property
    def dispatcher_lock(self) -> Path:
        """Locked by the one process that delivers events to plug-ins and notifications."""
        return self.root / "dispatcher.lock"

    @property
    def settings(self) -> Path:
        """The settings when they were last validated."""
        return self.root / "settings.json"

    @property
    def python_choice(self) -> Path:
        """The Python that was chosen for the tests (``python_choice.py``)."""
        return self.root / "python.json"

    @property
    def prediction(self) -> Path:
        """Models that predict what changes break (``prediction.py``)."""
        return self.root / "prediction"

    @property
    def adaptive_size(self) -> Path:
        """The size of the open batch by the risk of its changes (``adaptive_size.py``)."""
        return self.prediction / "size"

    @property
    def can_adapt_sizes(self) -> Path:
        """Exists while the risk of changes can be predicted well enough for sizes to follow it."""
        return self.prediction / "adapts-sizes"

    @property
    def backups(self) -> Path:
        """Copies of files as they were before batches (``backups.py``)."""
        return self.root / "backups"

    @property
    def restorations(self) -> Path:
        """Files that were replaced when backups were restored (``restorations.py``)."""
        return self.root / "restorations"

    @property
    def reports(self) -> Path:
        """Reports about batches, for users and other programs."""
        return self.root / "reports"

    @property
    def worktrees(self) -> Path:
        """The locks of the private work trees in which tests run; the work trees, where no other place is safe."""
        return self.root / "worktrees"

    def worktrees_below(self, base: Path) -> Path:
        """Return the folder of the private work trees in a folder that is shared with other users and repositories.

        Its path is short, since tests may put sockets there (108 bytes).
        """
        import hashlib  # noqa: PLC0415 - on the hook's path, which has no use for it

        return base / user_folder() / hashlib.sha256(os.fsencode(self.root)).hexdigest()[:_DIGEST_LENGTH]

    @property
    def runs(self) -> Path:
        """The folders of all runs."""
        return self.root / "runs"

    def run(self, name: str) -> Path:
        """Return the folder of one run: progress and output. Its name ends with a batch's number or a process id."""
        return self.runs / name

    def create(self) -> None:
        """Create the folders, private to the user."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        if self.root.stat().st_mode & 0o077:
            self.root.chmod(0o700)  # another program created it; all who may enter it can read and write what is in it
        for folder in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def _folders(self) -> tuple[Path, ...]:
        return self.open_counts, self.notices, self.backups, self.reports, self.worktrees, self.runs

    def check_kinds(self) -> None:
        """Check that nothing else stands in the place of a folder or a file of ours; what is missing is no matter.

        Raises:
            StoreError: a file or a dangling link stands where a folder belongs, or a folder where a file does.
        """
        for path in (self.root, *self._folders):
            if path == self.reports:  # a batch ends without reports, too
                continue
            if os.path.lexists(path) and not path.is_dir():
                raise StoreError(f"{path} is not a folder, as batchhook's state needs", _move_away(path))
        for path in (self.database, self.journal):
            if path.is_dir():
                raise StoreError(f"{path} is a folder, where batchhook's state needs a file", _move_away(path))

    @property
    def uninstalled(self) -> Path:
        """Exists after an uninstallation, which leaves the results."""
        return self.root / "uninstalled"

    def is_uninstalled(self) -> bool:
        """Return whether batchhook was uninstalled, and no hook has counted a commit since."""
        try:
            removed_at = self.uninstalled.stat().st_mtime
        except OSError:
            return False
        return not self.journal.exists() or self.journal.stat().st_mtime <= removed_at

    def is_installed(self) -> bool:
        """Return whether batchhook was installed in this repository."""
        return self.database.exists()


def _move_away(path: Path) -> str:
    return f"move it away: mv {shlex.quote(str(path))} {shlex.quote(f'{path}.old')}"
