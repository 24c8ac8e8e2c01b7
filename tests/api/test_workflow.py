"""The Python API: the examples of its documentation, and what they do not cover."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import batchhook
from batchhook import ConflictError, NoFullBatchError, NotFinishedError, StoreError, Workflow
from tests.api.examples import DOCS, run_examples
from tests.driving import CALCULATOR, TESTS, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


@pytest.fixture
def broken(project: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with a full batch, whose third change breaks a test; the working folder is inside."""
    for number in range(5):
        project.commit("Add faster" if number == 2 else f"Note {number}", **_files(number))
    monkeypatch.chdir(project.top)
    return project


def _files(number: int) -> dict[str, str]:
    return {"calculator__py": BROKEN} if number == 2 else {"notes__txt": f"{number}\n"}


def test_examples_of_the_documentation(broken: Repository) -> None:
    assert run_examples(DOCS / "api.md") > 25
    assert broken.read("calculator.py") == BROKEN, "undone"


def test_documents_equal_the_commands_output(broken: Repository) -> None:
    workflow = Workflow(broken.top)
    assert workflow.wait(1, timeout=90).model_dump(mode="json") == broken.json("analyze", "1", code=1)
    for command in ("status", "log", "operations"):
        assert getattr(workflow, command)().model_dump(mode="json") == broken.json(command)
    assert workflow.show(1).model_dump(mode="json") == broken.json("show", "1")
    assert workflow.doctor().model_dump(mode="json") == broken.json("doctor")
    passing = "test_calculator.CalculatorTest.test_subtract"  # failures are run again each time
    run, printed = workflow.run([passing]).model_dump(mode="json"), broken.json("test", passing)
    for document in (run, printed):
        del document["tested_at"], document["totals"]["duration_s"]
    assert run == printed
    assert workflow.rollback(1, dry_run=True).model_dump(mode="json") == broken.json("rollback", "1", "--dry-run")


def test_installing_and_errors(bare_repository: Repository) -> None:
    workflow = Workflow(bare_repository.top, batch_size=2)
    with pytest.raises(StoreError, match="not installed"):
        workflow.status()
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    done = workflow.install()
    assert (done.is_new, len(done.written), done.chained) == (True, 5, ())
    assert not workflow.install().is_new
    assert issubclass(NoFullBatchError, NotFinishedError)
    with pytest.raises(NoFullBatchError, match="no batch is full"):
        workflow.wait()
    bare_repository.commit("a")
    with workflow as kept:
        opened = kept.status().open
        assert opened is not None
        assert (opened.size, [change.summary for change in opened.changes]) == (2, ["a"])
        assert kept.run(pattern="nothing*.py").verdict == "broken", "a setting of one call"
        assert kept.run().verdict == "passed"
    bare_repository.commit("b")
    with pytest.raises(NoFullBatchError, match="still open"):
        Workflow(bare_repository.top).wait(1, timeout=0)
    status = workflow.status()
    assert [entry.batch.id for entry in status.latest] == [1], "two fill a batch for this one"
    assert workflow.wait(1, timeout=90).verdict == "passed"


def test_timeout(broken: Repository) -> None:
    workflow = Workflow(broken.top)
    with pytest.raises(NotFinishedError) as raised:
        workflow.wait(1, timeout=0)
    assert not isinstance(raised.value, NoFullBatchError)
    assert [each.batch for each in workflow.status().under_way] == [1]
    workflow.wait(1, timeout=90)
    assert workflow.status().under_way == ()


def test_rollback_raises_before_it_changes_anything(broken: Repository) -> None:
    workflow = Workflow()
    workflow.wait(1, timeout=90)
    broken.write("calculator.py", "mine\n")
    with pytest.raises(ConflictError):
        workflow.rollback(1)
    assert broken.read("calculator.py") == "mine\n"
    workflow.ack(1)
    with pytest.raises(batchhook.NothingToDoError):
        workflow.ack(1)


def test_public_names() -> None:
    for name in batchhook.__all__:
        assert getattr(batchhook, name) is not None
        assert name in dir(batchhook)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = batchhook.nothing
    assert (Path(batchhook.__file__).parent / "py.typed").exists()


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import batchhook; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"batchhook", "__future__"}


def test_bisect_equals_the_command(broken: Repository) -> None:
    workflow, test = Workflow(), "test_calculator.CalculatorTest.test_add"
    said = broken.json("bisect", test, "HEAD~5", "HEAD")
    found = workflow.bisect([test], good="HEAD~5").model_dump(mode="json")
    assert found["changes"] == said["changes"]
    by_command = workflow.bisect(command="! grep -q 'a \\* b' calculator.py", good="HEAD~5").model_dump(mode="json")
    assert by_command["changes"] == found["changes"]
    assert [change["summary"] for change in found["changes"]] == ["Add faster"]
    with pytest.raises(batchhook.UsageError):
        workflow.bisect(good="HEAD~5")
    with pytest.raises(batchhook.UsageError):
        workflow.bisect([test], command="true", good="HEAD~5")
    with pytest.raises(batchhook.UsageError):
        workflow.bisect([test], timeout=1.0, good="HEAD~5")


def test_backups_and_prune(broken: Repository) -> None:
    workflow = Workflow()
    workflow.wait(1, timeout=90)
    assert workflow.verify_backups().model_dump(mode="json") == broken.json("backup", "--verify")
    for content in (broken.top / ".git/batchhook/backups").rglob("*"):
        if content.is_file() and content.name != "manifest.json":
            content.chmod(0o600)
            content.write_text("damaged")
    with pytest.raises(StoreError, match="batch 1"):
        workflow.verify_backups()
    assert workflow.backup(1).model_dump(mode="json") == broken.json("backup", "1")
    assert workflow.prune().batches is None
    for number in range(5):
        broken.commit(f"More {number}", notes__txt=f"more {number}\n")
    workflow.wait(2, timeout=90)
    workflow.ack(1)  # an unresolved critical batch stays
    planned = workflow.prune(keep=1, dry_run=True)
    assert planned.model_dump(mode="json") == broken.json("prune", "--keep", "1", "--dry-run")
    assert workflow.prune(keep=1).batches == (1,)
    assert [entry.batch.id for entry in workflow.log().batches] == [2]


def test_ci_equals_the_command(project: Repository, tmp_path: Path) -> None:
    project.write("calculator.py", BROKEN)
    document = Workflow(project.top).ci(output=tmp_path / "api", set_baseline="").model_dump(mode="json")
    expected = project.json("ci", "--output", str(tmp_path / "command"), "--set-baseline", code=1)
    assert document["baseline_set"] == expected["baseline_set"] == "", "a test fails"
    assert document["verdict"] == expected["verdict"] == "critical"
    assert [failure["test_id"] for failure in document["failures"]] == ["test_calculator.CalculatorTest.test_add"]
    assert [Path(path).name for path in document["files"]] == [Path(path).name for path in expected["files"]]
    with pytest.raises(batchhook.UsageError, match="--force needs --set-baseline"):
        Workflow(project.top).ci(force=True)


def test_watch(project: Repository) -> None:
    events = Workflow(project.top).watch(settle=0.05, seconds=30)
    assert next(events).event == "started"
    project.write("calculator.py", f"{CALCULATOR}# edited\n")
    recorded = next(event for event in events if event.event == "recorded")
    assert recorded.change is not None
    assert recorded.change.summary == "edit calculator.py"
    events.close()
    assert project.open() == (1, ["edit calculator.py"])
