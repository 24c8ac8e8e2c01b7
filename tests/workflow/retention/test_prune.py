"""``prune``: what is removed and kept, and that nothing needed is lost."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.events import EventKind
from batchhook.core.results import Outcome, Run, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.git import backends, private_worktree
from batchhook.git.command import Git
from batchhook.store import attributions, batches, events, runs, worktree_places
from batchhook.store.backups import BackupStore
from batchhook.store.state_dir import StateDir
from batchhook.workflow.backups import create_backup
from batchhook.workflow.context.project import Project, open_project
from tests.driving import Repository


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


@pytest.fixture
def history(repository: Repository) -> Repository:
    """A repository with six tested batches of one commit each; in the fourth a test fails."""
    (repository.top / ".git/info/exclude").write_text(".batchhook.toml\n")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    for number in range(1, 7):  # without hooks, which is faster; the reflog has them
        repository.write("a.txt", f"a {number}\n")
        repository.write(f"b{number}.txt", f"b {number % 3}\n")
        repository.git("add", "--all")
        repository.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", f"{number}")
    with open_project(repository.top) as project:
        project.reconcile()
        for batch in batches.list_queued(project.database):
            finish(project, batch.id, failing=batch.id == 4)
    return repository


def state(repository: Repository) -> StateDir:
    return StateDir.for_repository(repository.top / ".git")


def finish(project: Project, number: int, *, failing: bool = False) -> None:
    """Finish a batch as the runner does."""
    batch = batches.load(project.database, number)
    create_backup(project.state, backends.open_repository(project.location.common_dir), batch)
    results = tuple(TestResult(f"m.T.t{each}", "m", Outcome.PASSED, 0.1) for each in range(20))
    if failing:
        results = (*results[1:], TestResult("m.T.t0", "m", Outcome.FAILED, message="no"))
    run = Run(batch.changes[-1].tree, {"python": "3"}, batch.sealed_at, SuiteResult(results, 2.0))
    verdict = Verdict.FAILED if failing else Verdict.PASSED
    runs.finish_batch(project.database, number, run, verdict, searching=True)
    attributions.finish_search(project.database, number, [], {}, verdict)
    project.database.connection.execute("UPDATE batches SET status = 'finished' WHERE id = ?", (number,))
    batches.mark_finalized(project.database, number)
    for name in (f"test_report_batch_{number}.txt", f"CRITICAL_FAILURE_batch_{number}.json", f"batch_{number}.html"):
        (project.state.reports / name).write_text(f"{number}")
    folder = project.state.run(f"batch-{number}")
    folder.mkdir()
    (folder / "output").write_text("text")


def refs(repository: Repository) -> dict[str, str]:
    listed = repository.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/batchhook").splitlines()
    return dict(line.split(" ") for line in listed)


def rows(repository: Repository, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(state(repository).database)) as connection:
        return connection.execute(query).fetchall()


def numbers(repository: Repository) -> list[int]:
    return [number for (number,) in rows(repository, "SELECT id FROM batches WHERE status <> 'open' ORDER BY id")]


def everything(repository: Repository) -> object:
    top = state(repository).root
    files = {path: path.stat().st_size for path in top.rglob("*") if path.is_file() and "state.db" not in path.name}
    stored = [rows(repository, f"SELECT * FROM {name}") for name in ("batches", "runs", "outcomes", "operations")]
    return files, refs(repository), stored


def parts(document: Any) -> dict[str, int]:  # noqa: ANN401 - as json.loads
    return {part["kind"]: part["number"] for part in document["parts"] if part["number"]}


def test_what_is_removed_and_kept(history: Repository) -> None:
    before = {number: history.json("analyze", str(number)) for number in (5, 6)}
    pins, backups = refs(history), BackupStore(state(history).backups)
    (state(history).reports / "batch_tracker.json").write_text("{}")
    shown = history.json("prune", "--keep", "2", "--dry-run")
    assert parts(shown) == {
        "batches": 4,
        "runs": 4,
        "outcomes": 80,
        "backups": 4,
        "pins": 8,
        "scratch folders": 6,
        "reports": 12,
    }
    assert shown["batches"] == [1, 2, 3, 4]
    assert not shown["done"]
    done = history.json("prune", "--keep", "2", "-y")
    assert parts(done) == parts(shown)
    assert done["done"]
    assert done["size"] > 0
    assert numbers(history) == [5, 6]
    assert history.json("analyze", "6") == before[6]
    without = dict.fromkeys(("compared_with", "new_failures", "fixed", "since_previous"))
    assert {**history.json("analyze", "5"), **without} == {**before[5], **without}
    assert before[5]["compared_with"] == 4
    assert history.json("analyze", "5")["compared_with"] == 0, "what it was compared with is removed"
    assert refs(history) == {name: oid for name, oid in pins.items() if name.split("/")[3] in {"5", "6"}}
    assert backups.list_batches() == [5, 6]
    for number in backups.list_batches():
        assert backups.verify(number) == ()
    named = {
        file.sha256 for number in backups.list_batches() for file in backups.read_manifest(number).files if file.sha256
    }
    stored = {path.parent.name + path.name for path in (backups.root / "objects").rglob("*") if path.is_file()}
    assert stored == named
    left = {path.name for path in state(history).reports.iterdir()}
    assert left == {
        "batch_tracker.json",
        *(
            f"{name.format(number)}"
            for number in (5, 6)
            for name in (
                "test_report_batch_{}.txt",
                "CRITICAL_FAILURE_batch_{}.json",
                "batch_{}.html",
            )
        ),
    }
    for command in ("analyze", "rollback"):
        output = history.batchhook(command, "3", code=3)
        assert output.startswith("batchhook: batch 3 was pruned on 2"), command
    assert parts(history.json("prune", "--keep", "2", "-y")) == {}


def test_numbers_are_given_once_and_what_was_counted_is_not_counted_again(history: Repository) -> None:
    history.batchhook("prune", "--keep", "1", "-y")
    assert history.open() == (7, [])
    history.git("rebase", "-q", "--root", "--force-rebase")
    assert history.open() == (7, []), "rebased commits are no new changes"
    history.commit("7")
    assert numbers(history) == [6, 7]
    assert [change["summary"] for change in history.json("show", "7")["batch"]["changes"]] == ["7"]


def test_a_dry_run_a_no_and_a_usage_error_change_nothing(history: Repository) -> None:
    before = everything(history)
    assert "total" in history.batchhook("prune")
    history.batchhook("prune", "--keep", "1", "--dry-run")
    assert "Nothing was changed" in history.batchhook("prune", "--keep", "1", stdin="n\n")
    assert "--json does not ask for confirmation" in history.batchhook("--json", "prune", "--keep", "1", code=64)
    assert everything(history) == before


def test_what_an_undo_needs_is_kept(history: Repository) -> None:
    history.git("revert", "--no-edit", "HEAD", "HEAD~1", "HEAD~2", "HEAD~3")
    with open_project(history.top) as project:
        project.reconcile()
        for batch in batches.list_queued(project.database):
            finish(project, batch.id)
    history.write("mine.txt", "not committed\n")
    files = {path.name: path.read_text() for path in history.top.glob("*.txt")}
    history.batchhook("rollback", "2", "-y")
    assert {path.name: path.read_text() for path in history.top.glob("*.txt")} != files
    output = history.batchhook("prune", "--keep", "1", "-y")
    assert "batch 2: its rollback can be undone or is unfinished" in output
    assert numbers(history)[0] == 2
    assert BackupStore(state(history).backups).list_batches()[0] == 2
    assert {"refs/batchhook/operations/1/before", "refs/batchhook/batches/2/base"} <= refs(history).keys()
    history.batchhook("undo", "-y")
    assert {path.name: path.read_text() for path in history.top.glob("*.txt")} == files
    assert "within the retention period" in history.batchhook("prune", "--keep", "1", "--dry-run")
    with open_project(history.top) as project:
        project.database.connection.execute("UPDATE operations SET started_at = 1")
    done = history.json("prune", "--keep", "1", "-y")
    assert parts(done)["pins"] == 6, "two of the batch, and four of the rollback and its undo"
    assert rows(history, "SELECT * FROM operations") == []
    assert history.json("rollback", str(numbers(history)[-1]), "-y")["id"] == 3, "numbers are given once"


def test_a_rollback_of_several_batches_keeps_them_all(history: Repository) -> None:
    files = {path.name: path.read_text() for path in history.top.glob("*.txt")}
    history.batchhook("rollback", "2..6", "-y")
    gone = {path.name: path.read_text() for path in history.top.glob("*.txt")}
    assert gone == {"a.txt": "a 1\n", "b1.txt": "b 1\n"}
    output = history.batchhook("prune", "--keep", "1", "-y")
    assert all(f"batch {number}: its rollback can be undone" in output for number in range(2, 6))
    assert numbers(history) == [2, 3, 4, 5, 6]
    history.batchhook("undo", "-y")
    assert {path.name: path.read_text() for path in history.top.glob("*.txt")} == files
    history.batchhook("redo", "-y")
    assert {path.name: path.read_text() for path in history.top.glob("*.txt")} == gone
    assert numbers(history) == [2, 3, 4, 5, 6]
    history.batchhook("undo", "-y")
    with open_project(history.top) as project:
        project.database.connection.execute("UPDATE operations SET started_at = 1")
    assert history.json("prune", "--keep", "3", "-y")["batches"] == [2, 3]
    assert rows(history, "SELECT * FROM operations") == [], "half of what they took out is not known any more"
    assert not [name for name in refs(history) if "operations" in name]
    assert "nothing to redo" in history.batchhook("redo", "-y", code=3)
    history.batchhook("rollback", "4..6", "-y")
    assert history.read("a.txt") == "a 3\n"
    history.batchhook("undo", "-y")
    assert {path.name: path.read_text() for path in history.top.glob("*.txt")} == files


def test_a_critical_batch_and_the_queue_stay(history: Repository) -> None:
    history.git("switch", "-qc", "side")
    for name in "xy":
        history.commit(name)
    with open_project(history.top) as project:
        finish(project, 7, failing=True)
        project.database.connection.execute("UPDATE batches SET verdict = 'critical' WHERE id = 7")
        events.join(project.database, events.DISPATCHER)
        events.advance(project.database, events.DISPATCHER, events.latest(project.database))
        events.append(project.database, EventKind.BATCH_FINISHED, batch=3)
        project.database.connection.execute("UPDATE batches SET finalized = 0 WHERE id = 2")
    history.git("switch", "-q", "main")
    history.commit("z")
    history.git("branch", "-D", "side")
    with open_project(history.top) as project:
        finish(project, 9)
    retained = {each["batch"]: each["reason"] for each in history.json("prune", "--keep", "1", "-y")["retained"]}
    assert retained == {
        2: "the runner has not finished it",
        3: "the runner has not finished it",
        7: "it failed critically and was not acknowledged",
        8: "the runner has not finished it",
    }
    assert numbers(history) == [2, 3, 7, 8, 9]
    assert state(history).run("batch-2").exists()
    assert not state(history).run("batch-7").exists()


def test_the_baseline_stays(history: Repository) -> None:
    with open_project(history.top) as project:
        run = runs.load_for_batch(project.database, 1)
        assert run is not None
        project.database.connection.execute(
            "INSERT INTO baselines (run_id, oid, set_at, forced) VALUES (?, ?, 1, 0)", (run[0].id, history.head())
        )
    before = history.batchhook("baseline", "show")
    history.batchhook("prune", "--keep", "1", "-y")
    assert history.batchhook("baseline", "show") == before
    assert history.json("analyze", "6")["baseline"] == history.head()


def test_what_is_in_use_is_left_alone(history: Repository) -> None:
    for number in (1, 2, 3):
        private_worktree.checkout(Git(history.top), history.worktree(number), history.head(), [history.top])
    mine, dead = f"by-hand-{os.getpid()}", subprocess.Popen(["true"])
    dead.wait()
    for name in (mine, f"proof-{dead.pid}", "strange"):
        state(history).run(name).mkdir()
    with (
        (state(history).worktrees / "1.lock").open("w") as lock,
        worktree_places.try_lock(history.worktree(3).parent),
        state(history).runner_lock.open("w") as runner,
    ):
        state(history).log.write_text("x" * 99 + "\n" + "y" * 200_000)
        fcntl.flock(lock, fcntl.LOCK_EX)
        fcntl.flock(runner, fcntl.LOCK_EX)
        assert parts(history.json("prune", "--keep", "6", "-y")) == {"work trees": 1, "scratch folders": 7}
    assert [history.worktree(number).exists() for number in (1, 2, 3)] == [True, False, True]
    assert sorted(path.name for path in state(history).runs.iterdir()) == [mine, "strange"]
    assert str(history.worktree(2)) not in history.git("worktree", "list")
    history.batchhook("prune", "--keep", "6", "-y")
    assert 0 < state(history).log.stat().st_size <= 64 * 1024


def test_a_killed_pruning_is_completed(history: Repository) -> None:
    saved = state(history).root.parent / "saved"
    shutil.copytree(state(history).backups, saved)
    pins = refs(history)
    history.batchhook("prune", "--keep", "2", "-y")
    clean = everything(history)
    # As if it had been killed after the rows were deleted.
    shutil.rmtree(state(history).backups)
    saved.rename(state(history).backups)
    for name, oid in pins.items():
        history.git("update-ref", name, oid)
    (state(history).reports / "batch_3.html").write_text("3")
    result = history.json("prune", "--keep", "2", "-y")
    assert parts(result) == {"backups": 4, "pins": 8, "reports": 1}
    assert everything(history) == clean


def test_contents_stay_while_a_backup_cannot_be_read(history: Repository) -> None:
    backups = BackupStore(state(history).backups)
    objects_before = sorted((backups.root / "objects").rglob("*"))
    manifest = backups.folder(6) / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text[:-9])
    output = history.batchhook("prune", "--keep", "1", "-y")
    assert "backup of batch 6 cannot be read, so no contents of backups are deleted" in " ".join(output.split())
    assert sorted((backups.root / "objects").rglob("*")) == objects_before
    manifest.write_text(text)
    history.batchhook("prune", "--keep", "1", "-y")
    assert backups.verify(6) == ()
    assert len(sorted((backups.root / "objects").rglob("*"))) < len(objects_before)


def test_a_second_one_at_the_same_time_is_refused(history: Repository) -> None:
    with state(history).operation_lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another batchhook is at work" in history.batchhook("prune", "--keep", "1", "-y", code=3)
    assert numbers(history) == [1, 2, 3, 4, 5, 6]


def test_doctor_reports_the_disk_usage(history: Repository, tmp_path: Path) -> None:
    shutil.copy(state(history).database, tmp_path)
    output = history.batchhook("doctor", code=3)
    assert "MB in the state folder" in output
