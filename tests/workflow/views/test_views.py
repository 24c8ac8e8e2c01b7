"""What pages show, loaded from a real repository by a connection that cannot write."""

from __future__ import annotations

import pytest

from batchhook.core.results import Outcome
from batchhook.core.verdict import Verdict
from batchhook.core.views.overview import Urgency
from batchhook.errors import BatchhookError, NoSuchBatchError, UsageError
from batchhook.report.site import pages
from batchhook.report.site.links import ServerLinks
from batchhook.store import narrowing
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.views.batch import load_batch
from batchhook.workflow.views.batches import load_batches
from batchhook.workflow.views.changes import load_changes
from batchhook.workflow.views.compare import load_comparison
from batchhook.workflow.views.operations import load_operations
from batchhook.workflow.views.overview import load_overview
from batchhook.workflow.views.rollback import load_rollback
from batchhook.workflow.views.test import load_test
from batchhook.workflow.views.tests import load_tests
from tests.driving import Repository
from tests.report.site.markup import ATTRIBUTES, FORM_ATTRIBUTES, KNOWN, Parsed

ADD = "test_calculator.CalculatorTest.test_add"
LINKS = ServerLinks()


def shown(page: str) -> str:
    """The text of a page, which has no markup but ours."""
    parsed = Parsed(page)
    assert parsed.tags <= KNOWN, parsed.tags - KNOWN
    assert set(parsed.attributes) <= ATTRIBUTES | FORM_ATTRIBUTES, set(parsed.attributes) - ATTRIBUTES
    assert parsed.levels[0] == 1
    assert "<script>alert" not in page
    assert "\u202e" not in page
    return " ".join(parsed.shown.split())


def test_every_view_of_a_history(history: Repository, opened: Project) -> None:
    history.commit("third 1")
    history.commit("third 2")

    overview = load_overview(opened)
    assert overview.open is not None
    assert (overview.open.id, overview.open.filled) == (3, 2)
    assert [change.subject for change in overview.open.changes] == ["third 1", "third 2"]
    assert [row.number for row in overview.timeline] == [1, 2]
    assert [cell.is_culprit for cell in overview.timeline[1].changes] == [True, False, False, False, False]
    assert [item.urgency for item in overview.attention] == [Urgency.CRITICAL]
    text = shown(pages.render_overview(overview, LINKS, live=True, token="secret"))
    assert "Batch 2 on main failed critically" in text
    assert "batch 2, critical; 1 of 2 tests failed; 5 changes; broken by" in text
    assert shown(f"<h1>{pages.render_overview_live(overview, LINKS)}</h1>").startswith("Wants attention")

    batch = load_batch(opened, 2)
    assert batch.analysis is not None
    assert batch.analysis.verdict is Verdict.CRITICAL
    assert (batch.earlier, batch.later, batch.can_acknowledge, batch.can_roll_back) == (1, 0, True, True)
    (patch,) = batch.patches.values()
    assert [file.path for file in patch.files] == ["calculator.py"]
    page = pages.render_batch(batch, LINKS, live=True, token="secret")
    text = shown(page)
    assert "broke 1 test" in text
    assert "<script>alert(1)</script> 🦄 שלום {{ 7 * 7 }}" in text
    assert "return a * b" in text
    assert 'action="/actions/acknowledge"' in page
    assert 'name="token" value="secret"' in page
    assert 'href="/batches/2/rollback"' in page
    page = pages.render_batch(batch, LINKS)
    assert "<form" not in page
    assert "<script" not in page

    assert "2 of 5" not in shown(pages.render_batches(load_batches(opened), LINKS))
    assert [row.number for row in load_batches(opened).rows] == [2, 1]

    check_tests(opened)
    check_comparisons(opened, history)
    steps = narrowing.load(opened.database, 2, batch.batch.changes)
    assert (steps[0].oid, steps[0].passed, steps[0].failed) == ("", 1, 0)
    assert (steps[1].failed, steps[-1].failed) == (1, 1)


def check_tests(opened: Project) -> None:
    tests = load_tests(opened, "ADD", "broken")
    assert [(row.name, row.breaks, row.last_failed) for row in tests.rows] == [(ADD, 1, True)]
    assert (tests.matching, tests.total, tests.failing, tests.broken) == (1, 2, 1, 1)
    assert "test_add" in shown(pages.render_tests(tests, LINKS))
    for order in ("flaky", "slowest", "drifting", "name"):
        shown(pages.render_tests(load_tests(opened, sort=order), LINKS))
    assert not load_tests(opened, "%").rows, "a query is text, not a pattern"

    test = load_test(opened, ADD)
    assert [point.outcome for point in test.points] == [Outcome.PASSED, Outcome.FAILED]
    assert [(cause.batch, cause.subject[-6:]) for cause in test.causes] == [(2, "7 }} 1")]
    assert test.last_failure is not None
    text = shown(pages.render_test(test, LINKS))
    assert "Latest failure, in batch 2" in text
    assert "broken by a change" in text

    changes = load_changes(opened)
    assert [(row.batch, row.broken_count) for row in changes.rows] == [(2, 1)]
    assert [(row.path, row.breaking, row.changes) for row in changes.files] == [("calculator.py", 1, 10)]
    assert "Of 10 changes in the latest 2 batches, 1 broke" in shown(pages.render_changes(changes, LINKS))

    assert "Nothing was rolled back yet" in shown(pages.render_operations(load_operations(opened), LINKS))


def check_comparisons(opened: Project, history: Repository) -> None:
    comparison = load_comparison(opened, "1", history.head("HEAD~2"))
    assert comparison.comparison is not None
    assert comparison.comparison.newly_failing == (ADD,)
    assert comparison.files == (("M", "calculator.py"),)
    assert "1 newly failing" in shown(pages.render_compare(comparison, LINKS))
    tree = load_comparison(opened, "1", history.head("HEAD~2^{tree}"))
    assert tree.after is not None
    assert tree.after.batch == 2
    assert "Its tests have not run" in shown(pages.render_compare(load_comparison(opened, "1", "HEAD"), LINKS))
    assert "datalist" in pages.render_compare(load_comparison(opened, "", ""), LINKS)


def test_a_thing_that_does_not_exist_is_an_error(opened: Project) -> None:
    with pytest.raises(NoSuchBatchError, match="there is no batch 9"):
        load_batch(opened, 9)
    with pytest.raises(BatchhookError, match="no run had a test nothing"):
        load_test(opened, "nothing")
    with pytest.raises(BatchhookError, match="unknown revision: --all"):
        load_comparison(opened, "1", "--all")
    with pytest.raises(NoSuchBatchError):
        load_comparison(opened, "1", "batch 77")
    for page in (0, 2):
        with pytest.raises(UsageError, match=f"there is no page {page}"):
            load_batches(opened, page)
    with pytest.raises(UsageError, match="there is no order size"):
        load_tests(opened, sort="size")
    with pytest.raises(UsageError, match="there is no order size"):
        load_changes(opened, sort="size")
    text = shown(pages.render_error(404, "there is no batch <9>", "list the batches", LINKS))
    assert "There is no batch <9>." in text


def test_a_rollback_is_shown_before_and_after(history: Repository) -> None:
    with open_project(history.top) as project:
        plan = load_rollback(project, 2)
        assert plan.digest == load_rollback(project, 2).digest
        text = shown(pages.render_rollback(plan, LINKS, "secret"))
        assert "Type rollback 2 to carry it out" in text
        assert "return a + b" in text
        assert history.git("status", "--porcelain") == "", "only planned"
    history.batchhook("rollback", "2", "-y")
    with open_project(history.top) as project:
        project.database.connection.execute("PRAGMA query_only = ON")
        operations = load_operations(project)
        (row,) = operations.rows
        assert (row.is_effective, row.can_undo, row.files) == (True, True, (("M", "calculator.py"),))
        page = pages.render_operations(operations, LINKS, live=True, token="secret")
        assert "Rollback of batch 2 in effect" in shown(page)
        assert 'action="/actions/undo"' in page
        assert not load_overview(project).attention
        assert "rolled back by operation 1" in shown(pages.render_batches(load_batches(project), LINKS))
    history.batchhook("undo", "-y")
    with open_project(history.top) as project:
        operations = load_operations(project)
        assert [row.taken_back_by for row in operations.rows] == [0, 2]
        assert "taken back by operation 2" in shown(pages.render_operations(operations, LINKS))


def test_nothing_was_done_yet(project: Repository) -> None:
    with open_project(project.top) as opened:
        opened.database.connection.execute("PRAGMA query_only = ON")
        assert "No batch has been tested yet" in shown(pages.render_overview(load_overview(opened), LINKS))
        for page, words in (
            (pages.render_batches(load_batches(opened), LINKS), "There are no batches yet"),
            (pages.render_tests(load_tests(opened), LINKS), "No test has run yet"),
            (pages.render_changes(load_changes(opened), LINKS), "No batch has been tested yet"),
            (pages.render_operations(load_operations(opened), LINKS), "Nothing was rolled back yet"),
            (pages.render_compare(load_comparison(opened, "", ""), LINKS), "No batch is full yet"),
        ):
            assert words in shown(page)
        project.commit("one")
        overview = load_overview(opened)
        assert overview.open is None or overview.open.filled == 1
    project.batchhook("status")
    with open_project(project.top) as opened:
        opened.database.connection.execute("PRAGMA query_only = ON")
        project.commit("two")
        batch = load_overview(opened).open
        assert batch is not None
        assert [change.subject for change in batch.changes] == ["one", "two"]
        assert "2/5" in shown(pages.render_batch(load_batch(opened, 1), LINKS))
