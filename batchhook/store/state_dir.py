"""The state folder: what lies where below ``<common git dir>/batchhook``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StateDir:
    """Paths in the state folder. ``hooks/post-commit`` knows those marked so, and must change with them."""

    root: Path

    @classmethod
    def of(cls, common_dir: Path) -> StateDir:
        """The state folder of a repository, there or not."""
        return cls(common_dir / "batchhook")

    @property
    def database(self) -> Path:
        """All that is remembered (``schema.sql``)."""
        return self.root / "state.db"

    @property
    def journal(self) -> Path:
        """What the hooks wrote down (known to the hooks)."""
        return self.root / "journal"

    def count(self, branch: str) -> Path:
        """A branch's last known count, which lets a hook answer without Python (known to the hooks)."""
        return self.root / "open" / branch

    @property
    def counts(self) -> Path:
        """The folder of all such counts."""
        return self.root / "open"

    @property
    def notices(self) -> Path:
        """Verdicts not yet seen, a file for each batch (known to the hooks)."""
        return self.root / "notices"

    def gate(self, branch: str) -> Path:
        """There while a branch's last batch is critical and nothing was done about it (known to the hooks)."""
        return self.root / "gates" / branch

    @property
    def waiting(self) -> Path:
        """There while a sealed batch has no run; holds the runner's process id (known to the hooks)."""
        return self.root / "waiting"

    @property
    def runner_lock(self) -> Path:
        """Locked by the one runner for as long as it lives."""
        return self.root / "runner.lock"

    @property
    def operation_lock(self) -> Path:
        """Locked while a rollback or an undo is planned and carried out."""
        return self.root / "operation.lock"

    @property
    def recording_lock(self) -> Path:
        """Locked while a work tree is looked at to record it, and while an operation changes its files."""
        return self.root / "recording.lock"

    @property
    def backups_lock(self) -> Path:
        """Locked while a backup is made, or contents that no backup needs are taken away."""
        return self.root / "backups.lock"

    @property
    def in_place_lock(self) -> Path:
        """Locked while tests run in the user's own work tree: one run at a time."""
        return self.root / "in-place.lock"

    @property
    def log(self) -> Path:
        """What went wrong where nobody could be told."""
        return self.root / "batchhook.log"

    @property
    def plugins(self) -> Path:
        """A folder for each plug-in, in which it is run."""
        return self.root / "plugins"

    @property
    def plugins_log(self) -> Path:
        """What plug-ins printed, and what went wrong with them and with notifications."""
        return self.root / "plugins.log"

    @property
    def teller_lock(self) -> Path:
        """Locked by the one process that tells plug-ins and others what has happened."""
        return self.root / "teller.lock"

    @property
    def settings(self) -> Path:
        """Settings as they were last validated."""
        return self.root / "settings.json"

    @property
    def backups(self) -> Path:
        """File copies of the states before batches."""
        return self.root / "backups"

    @property
    def kept(self) -> Path:
        """What was in the place of files that were taken from copies (``kept.py``)."""
        return self.root / "kept"

    @property
    def reports(self) -> Path:
        """What was written about batches for people and other programs to read."""
        return self.root / "reports"

    @property
    def worktrees(self) -> Path:
        """Private work trees in which tests run."""
        return self.root / "worktrees"

    @property
    def runs(self) -> Path:
        """The folders of all runs."""
        return self.root / "runs"

    def run(self, name: str) -> Path:
        """One run's own folder: progress, captured output; its name ends with a batch's number or a process's id."""
        return self.runs / name

    def create(self) -> None:
        """Make the folders, private to the user."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        if self.root.stat().st_mode & 0o077:
            self.root.chmod(0o700)  # somebody else made it; whoever may enter it reads and writes what is in it
        for folder in (self.counts, self.notices, self.backups, self.reports, self.worktrees, self.runs):
            folder.mkdir(mode=0o700, exist_ok=True)

    def exists(self) -> bool:
        """Whether batchhook was installed in this repository."""
        return self.database.exists()
