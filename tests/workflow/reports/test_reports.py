"""Report files, written at a batch's end and by hand, through real hooks, in the shapes of ``origin.md``."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from batchhook.workflow.context.project import Project
from batchhook.workflow.pipeline import finalize
from batchhook.workflow.pipeline.runner import process_queue
from batchhook.workflow.reports import write
from tests.driving import CALCULATOR, TESTS, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")
ADD = "test_calculator.CalculatorTest.test_add"

COMMON = {"batch_tracker.json", "test_results.json", "ci_test_results.json", "regressions.json"}


def own(number: int) -> set[str]:
    return {
        f"batch_{number}.html",
        f"batch_{number}.md",
        f"batch_{number}.junit.xml",
        f"test_report_batch_{number}.txt",
    }


def batch(project: Repository, text: str, subject: str = "change") -> list[str]:
    """Five commits, each with another text of the calculator; return their names."""
    oids = []
    for number in range(1, 6):
        project.commit(f"{subject} {number}", calculator__py=f"{text}# {subject} {number}\n")
        oids.append(project.head())
    return oids


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def read(folder: Path, name: str) -> Any:  # noqa: ANN401 - as json.loads
    return json.loads((folder / name).read_text())


def moments(document: object) -> Iterator[str]:
    """Every text in a document that looks like a moment."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from moments(each)
    elif isinstance(document, str) and re.match(r"\d{4}-\d\d-\d\dT", document):
        yield document


@pytest.fixture
def critical(project: Repository) -> tuple[Repository, list[str], Path]:
    """A baseline, a passing batch, and a critical one whose first change broke a test; and where its reports are."""
    project.batchhook("baseline", "set")
    batch(project, CALCULATOR, "good")
    project.batchhook("wait", "1", "--timeout", "90")
    oids = batch(project, BROKEN, "bad")
    project.batchhook("wait", "2", "--timeout", "90", code=1)
    return project, oids, project.top / ".git/batchhook/reports"


def test_every_file_is_there_when_a_batch_has_ended(critical: tuple[Repository, list[str], Path]) -> None:
    _, oids, folder = critical
    expected = COMMON | own(1) | own(2) | {"baseline_results.json", "CRITICAL_FAILURE_batch_2.json"}
    assert written(folder) == expected
    assert folder.parent.stat().st_mode & 0o077 == 0, "private to the user"
    has_the_shapes_of_the_document_that_we_grew_from(folder, oids)
    tells_a_critical_failure_with_what_to_do(folder, oids)
    has_moments_in_utc(folder)


def has_the_shapes_of_the_document_that_we_grew_from(folder: Path, oids: list[str]) -> None:
    tracker = read(folder, "batch_tracker.json")
    assert {"edit_count", "last_updated", "batches"} <= tracker.keys()
    assert tracker["edit_count"] == 10
    assert [each["batch_id"] for each in tracker["batches"]] == [1, 2]
    latest = tracker["batches"][-1]
    assert {"batch_id", "start_time", "end_time", "git_commit_hash", "edits"} <= latest.keys()
    assert (latest["git_commit_hash"], latest["verdict"], latest["status"]) == (oids[-1], "critical", "finished")
    (edit, *_) = latest["edits"]
    assert {"file_path", "timestamp", "description", "file_hash"} <= edit.keys()
    assert (edit["file_path"], edit["description"]) == ("calculator.py", "bad 1")
    assert len(edit["file_hash"]) == 64

    results = read(folder, "ci_test_results.json")
    assert {"timestamp", "overall_success", "total_duration", "modules"} <= results.keys()
    assert results["overall_success"] is False
    module = results["modules"]["test_calculator"]
    counts = {"total_tests", "passed", "failed", "skipped", "errors", "duration", "failures"}
    assert counts <= module.keys()
    assert [module[key] for key in ("total_tests", "passed", "failed", "skipped", "errors")] == [2, 1, 1, 0, 0]
    (failure,) = module["failures"]
    assert {
        "test_name": "test_add",
        "test_class": "test_calculator.CalculatorTest",
        "error_type": "FAIL",
        "message": "2 != 3",
        "file_location": "test_calculator.py:8",
        "module": "test_calculator",
    }.items() <= failure.items()
    assert failure["traceback"].startswith("Traceback")

    baseline = read(folder, "baseline_results.json")
    assert baseline["overall_success"] is True
    assert baseline["modules"]["test_calculator"]["passed"] == 2

    history = read(folder, "test_results.json")
    assert [run["batch_id"] for run in history["runs"]][-2:] == [1, 2]
    assert history["run_count"] == len(history["runs"])
    assert history["runs"][-1]["failures"][0]["test_id"] == ADD


def test_regressions_and_export_of_three_batches(critical: tuple[Repository, list[str], Path], tmp_path: Path) -> None:
    project, oids, folder = critical
    result = read(folder, "regressions.json")
    assert result["has_regressions"] is True
    for since in ("since_previous", "since_baseline"):
        assert result[since]["newly_failing"] == [ADD]
        assert result[since]["new_failures"][0]["message"] == "2 != 3"
    assert (result["batch_id"], result["previous_batch_id"], result["git_commit_hash"]) == (2, 1, oids[-1])
    batch(project, CALCULATOR, "fixed")
    project.batchhook("wait", "3", "--timeout", "90")
    result = read(folder, "regressions.json")
    assert result["has_regressions"] is False
    assert result["since_previous"]["fixed"] == [ADD]
    assert "CRITICAL_FAILURE_batch_3.json" not in written(folder)
    exports_three_batches(project, tmp_path)


def tells_a_critical_failure_with_what_to_do(folder: Path, oids: list[str]) -> None:
    result = read(folder, "CRITICAL_FAILURE_batch_2.json")
    assert (result["failure_rate"], result["critical_failure_threshold"]) == (0.5, 0.1)
    assert (result["failed_tests"], result["total_tests"]) == (1, 2)
    assert result["most_affected_modules"][0]["module"] == "test_calculator"
    assert result["error_types"][0]["tests"] == [ADD]
    assert [culprit["change"] for culprit in result["culprits"]] == [oids[0]]
    assert result["failures"][0]["traceback"].startswith("Traceback")
    commands = [action["command"] for action in result["recommended_actions"]]
    assert "batchhook rollback 2 --culprit" in commands
    page = (folder / "batch_2.html").read_text()
    assert f"{oids[0][:8]}</code> <bdi>bad 1</bdi>" in page
    assert "2 != 3" in (folder / "test_report_batch_2.txt").read_text()
    assert "bad 1" in (folder / "batch_2.md").read_text()


def has_moments_in_utc(folder: Path) -> None:
    for name in ("batch_tracker.json", "test_results.json", "regressions.json", "CRITICAL_FAILURE_batch_2.json"):
        result = list(moments(read(folder, name)))
        assert result
        assert all(str(datetime.fromisoformat(moment).utcoffset()) == "0:00:00" for moment in result)


def exports_three_batches(project: Repository, tmp_path: Path) -> None:
    output = project.batchhook("export")
    folder = project.top / "test_batch_logs"
    assert " files in test_batch_logs: 3 batches, 1 to 3" in output
    everything = COMMON | own(1) | own(2) | own(3) | {"baseline_results.json", "CRITICAL_FAILURE_batch_2.json"}
    assert written(folder) == everything | {".gitignore"}
    assert not project.git("status", "--porcelain"), "git does not see it"
    common = COMMON | {"baseline_results.json", ".gitignore"}
    for words, own_files in (
        (["-n", "1"], own(3)),
        (["--batch", "1", "--batch", "3"], own(1) | own(3)),
        (["-n", "0"], set()),
        (["--all"], everything),
    ):
        other = tmp_path / "".join(words)
        project.batchhook("export", str(other), *words)
        assert written(other) == common | own_files
    assert [each["batch_id"] for each in read(tmp_path / "-n0", "batch_tracker.json")["batches"]] == [1, 2, 3]
    hides_nothing_in_a_folder_of_the_users(project)


def hides_nothing_in_a_folder_of_the_users(project: Repository) -> None:
    project.write("kept/mine.txt", "mine")
    project.batchhook("export", "kept", "-n", "0")
    assert ".gitignore" not in written(project.top / "kept")
    assert project.read("kept/mine.txt") == "mine"


def test_backups_come_out_as_files(project: Repository, tmp_path: Path) -> None:
    first = project.head()
    project.git("mv", "test_calculator.py", "tests_of_calculator.py")
    project.write("deep/down.sh", "#!/bin/sh\n")
    (project.top / "deep/down.sh").chmod(0o755)
    (project.top / "link").symlink_to("calculator.py")
    (project.top / os.fsdecode(b"caf\xe9.txt")).write_text("coffee")
    project.write("git_commit.txt", "the project's own")
    batch(project, CALCULATOR)
    base = project.head()
    project.git("rm", "-rq", "deep", "link", "git_commit.txt", os.fsdecode(b"caf\xe9.txt"))
    project.git("commit", "-qm", "remove all")
    batch(project, BROKEN, "later")
    project.batchhook("wait", "2", "--timeout", "90", code=1)
    project.batchhook("export", str(tmp_path / "out"), "--all", "--backups")
    before = tmp_path / "out/backups/batch_1"
    assert (before / "git_commit.txt").read_text() == f"{first}\n"
    assert (before / "test_calculator.py").read_text() == TESTS
    after = tmp_path / "out/backups/batch_2"
    assert (after / "git_commit.txt").read_text() == f"{base}\n"
    assert (after / "git_commit.txt.file").read_text() == "the project's own"
    assert (after / "deep/down.sh").stat().st_mode & 0o111
    assert (after / "link").read_text() == "calculator.py"
    assert not (after / "link").is_symlink()
    assert (after / os.fsdecode(b"caf\xe9.txt")).read_text() == "coffee"


def test_what_cannot_be_exported(project: Repository) -> None:
    assert "no batch has been tested yet" in project.batchhook("export", code=3)
    assert not (project.top / "test_batch_logs").exists()
    batch(project, CALCULATOR)
    project.batchhook("wait", "1", "--timeout", "90")
    project.commit("next")
    assert "there is no batch 7" in project.batchhook("export", "--batch", "1", "--batch", "7", code=3)
    assert "batch 2 is still open" in project.batchhook("export", "--batch", "2", code=3)
    assert not (project.top / "test_batch_logs").exists(), "nothing was written"
    assert "mutually exclusive" in project.batchhook("export", "--all", "-n", "3", code=64)
    project.write("file", "in the way")
    assert "file" in project.batchhook("export", "file", code=3)


def test_a_suite_that_could_not_run_has_reports(project: Repository) -> None:
    project.write(".batchhook.toml", 'start_dir = "nowhere"\n')
    batch(project, CALCULATOR)
    project.batchhook("wait", "1", "--timeout", "90", code=3)
    folder = project.top / ".git/batchhook/reports"
    assert written(folder) == COMMON | own(1)
    assert read(folder, "ci_test_results.json")["overall_success"] is False
    assert "Could not be tested" in (folder / "batch_1.html").read_text()
    assert "could not be tested" in (folder / "batch_1.md").read_text()


def test_a_page_is_written_again_and_opened(critical: tuple[Repository, list[str], Path], tmp_path: Path) -> None:
    project, _, folder = critical
    page = folder / "batch_1.html"
    page.unlink()
    assert project.batchhook("report", "1").strip() == str(page)
    assert page.exists()
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown\n')
    browser.chmod(0o755)
    project.batchhook("report", "2", "--open", BROWSER=f"{browser} %s")
    assert (tmp_path / "shown").read_text().strip() == (folder / "batch_2.html").as_uri()
    assert set(project.json("report", "2")["files"]) == own(2) | {"CRITICAL_FAILURE_batch_2.json"}
    assert "there is no batch 9" in project.batchhook("report", "9", code=3)
    (folder / "CRITICAL_FAILURE_batch_1.json").write_text("of another time")
    project.batchhook("report", "1")
    assert "CRITICAL_FAILURE_batch_1.json" not in written(folder)
    for command in ("analyze", "wait"):
        output = " ".join(project.batchhook(command, "2", code=1).split())
        assert "batchhook report 2 --open open the full report" in output


def test_writing_reports_does_not_mark_a_verdict_as_seen(project: Repository, tmp_path: Path) -> None:
    batch(project, CALCULATOR)
    project.batchhook("--json", "wait", "1", "--timeout", "90")
    batch(project, BROKEN, "bad")
    wait_for((project.top / ".git/batchhook/reports/batch_2.html").exists)
    project.batchhook("export", str(tmp_path / "out"), "--all")
    assert "batch 2 failed: CRITICAL" in project.commit("next")


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_kill_between_two_steps_loses_no_report(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    batch(project, BROKEN)
    folder = project.top / ".git/batchhook/reports"

    def killed(_project: Project, _number: int) -> None:
        raise KeyboardInterrupt

    def killed_afterwards(project: Project, number: int) -> None:
        write.write_reports(project, number)
        raise KeyboardInterrupt

    for step, dies in (("add_metrics", killed), ("write_reports", killed_afterwards)):
        with monkeypatch.context() as patched:
            patched.setattr(finalize, step, dies)
            with pytest.raises(KeyboardInterrupt):
                process_queue(project.top, os.environ)
        assert bool(written(folder)) is (step == "write_reports")
        assert project.json("status")["latest"][0]["batch"]["status"] == "closing"
    for path in folder.iterdir():
        path.unlink()
    process_queue(project.top, os.environ)
    assert written(folder) == COMMON | own(1) | {"CRITICAL_FAILURE_batch_1.json"}
    assert project.json("status")["latest"][0]["batch"]["status"] == "finished"


def test_no_room_for_reports_keeps_no_batch_from_its_end(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    batch(project, CALCULATOR)
    folder = project.top / ".git/batchhook/reports"
    folder.rmdir()
    folder.write_text("in the way")
    process_queue(project.top, os.environ)
    assert project.json("status")["latest"][0]["batch"]["status"] == "finished"
