"""Files and refs of a history: journal, pins, backups."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from batchhook.git import refs
from batchhook.store.backups import BackedUpFile, BackupManifest, BackupStore
from benchmarks.history.repository import SIZE, Commit, History


def write_journal(history: History, commits: Sequence[Commit]) -> None:
    """Write a line for each commit, as the hook does."""
    with history.state.journal.open("a", encoding="utf-8") as journal:
        journal.writelines(f"commit refs/heads/main {commit.oid}\n" for commit in commits)


def write_pins(history: History, commits: Sequence[Commit]) -> None:
    """Pin two refs for each batch, packed as after git gc."""
    lines = [
        f"create {name} {oid}\n"
        for batch in range(1, history.batches + 1)
        for name, oid in (
            (refs.batch_base(batch), commits[(batch - 1) * SIZE].parent),
            (refs.batch_head(batch), commits[batch * SIZE - 1].oid),
        )
    ]
    history.run("git", "update-ref", "--stdin", text="".join(lines).encode())
    history.run("git", "pack-refs", "--all")


def write_backups(history: History, commits: Sequence[Commit]) -> None:
    """Write a manifest and contents for each batch, without fsync."""
    backups = BackupStore(history.state.backups)
    for number in range(256):
        (backups.root / "objects" / f"{number:02x}").mkdir(parents=True)
    for batch in range(1, history.batches + 1):
        changes = commits[(batch - 1) * SIZE : batch * SIZE]
        files = tuple(_backed_up(backups, commit) for commit in sorted(changes, key=lambda commit: commit.path))
        manifest = BackupManifest(batch=batch, commit=changes[0].parent, head=changes[-1].oid, files=files)
        folder = backups.folder(batch)
        folder.mkdir()
        (folder / "git_commit.txt").write_text(f"{manifest.commit}\n")
        (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2))


def _backed_up(backups: BackupStore, commit: Commit) -> BackedUpFile:
    name = hashlib.sha256(commit.before).hexdigest()
    path: Path = backups.object_path(name)
    if not path.exists():
        path.write_bytes(commit.before)
    return BackedUpFile.for_path(commit.path, existed=True, mode="100644", sha256=name, size=len(commit.before))
