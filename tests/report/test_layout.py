"""Layout of console output: at terminals of several widths, and in a pipe."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st
from rich.console import Console
from rich.text import Text

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.operations import BatchRollback, Operation, OperationKind, OperationStatus
from batchhook.core.results import Outcome, TestResult
from batchhook.core.revert_check import RevertCheck
from batchhook.core.rollback import FileAction, FilePlan, RollbackMode, Selection
from batchhook.core.verdict import Verdict
from batchhook.report.console import batches, bisection, failures, operations
from batchhook.report.console.analysis import print_analysis
from batchhook.report.console.layout import Grid, Line, OutputConsole, hints, unbroken
from tests.report.analyses import OIDS, analysis, culprit, failing, passing, slower

LONG = (
    "tests.integration.test_invoices.TestInvoicePagesOfSeveralCustomers.test_a_page_with_a_discount_in_two_currencies"
)
LOCATION = "tests/integration/with a space/test_invoices_of_several_customers_and_currencies.py:1234"
DIFF = "'one\\ntwo' != 'one\\nthree'\n  one\n- two\n+ three\n"


def printed(show: Callable[[Console], None], width: int | None) -> list[str]:
    """Return the lines printed at a terminal of some width, or into a pipe for None."""
    file = io.StringIO()
    show(OutputConsole(file=file, width=width or 80, wrap=width is not None))
    return file.getvalue().split("\n")


def whole_analysis(*, tracebacks: bool = False, attributed: bool = True) -> Callable[[Console], None]:
    tests = [
        failing(LONG, location=LOCATION, message=DIFF),
        failing("m.T.test_short", module="m", location="m.py:1", message="word " * 40),
        failing(
            "m.T.test_other", module="m", location="m.py:2", note="`data/some file.csv` exists, but is not committed"
        ),
    ]
    parallel = TestResult("m.T.test_p", "m", Outcome.PASSED, first_outcome=Outcome.FAILED, note="failed in parallel")
    attributions = {
        LONG: culprit(),
        "m.T.test_short": Attribution(
            AttributionKind.FLAKY, 0.9, (), (Observation(OIDS[0], passed=3, failed=2),), "it failed on the same tree"
        ),
        "m.T.test_other": Attribution(AttributionKind.AMBIGUOUS, 0.5, OIDS[:3], (), "the time limit was reached"),
    }
    found = analysis(
        [*tests, parallel, passing()],
        before=[replace(passing(), outcome=Outcome.FAILED), failing("m.T.vanished_" + "x" * 90)],
        attributions=attributions if attributed else {},
        text="a subject of many words that goes on and on until it does not fit into one line of a terminal any more",
    )
    found = replace(
        slower(found), is_searching=True, integration_errors=("the plug-in of mine failed: " + "why " * 20,)
    )
    return lambda console: print_analysis(console, found, tracebacks=tracebacks)


def test_names_under_a_module_lack_its_name() -> None:
    ids = {
        "pkg.test_x.TestX.test_y": "pkg.test_x",
        "tests/test_x.py::TestX::test_y[a.b]": "tests/test_x.py",
        "api:tests/test_x.py::test_y": "api:tests/test_x.py",
        "web:pkg.test_x.TestX.test_y": "web:pkg.test_x",
        "unittest.loader._FailedTest.pkg.test_z": "unittest.loader",
        "tests/test_z.py": "tests/test_z.py",
    }
    parts = failures.by_module([failing(name, module=module) for name, module in ids.items()], {}, tracebacks=False)
    lines = printed(lambda console: console.print(*parts), None)
    shown = [line.split("  pkg/")[0].strip() for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert sorted(shown) == [
        "TestX.test_y",
        "TestX.test_y",
        "TestX::test_y[a.b]",
        "pkg.test_z cannot be imported",
        "test_y",
        "tests/test_z.py cannot be imported",
    ]


def log_and_status(console: Console) -> None:
    found = analysis([failing()], text="feature/a-branch-with-a-name-that-is-quite-long-for-one-column")
    entries = [
        (found.batch, Verdict.CRITICAL, found.result.totals, BatchRollback(3)),
        (found.batch, None, None, None),
    ]
    open_batch = replace(found.batch, id=3, status=BatchStatus.OPEN, filled=2)
    waiting = [replace(found.batch, status=BatchStatus.SEARCHING)]
    batches.print_status(console, open_batch, waiting, batches.log_table(entries))
    batches.print_unresolved_failure(console, 2)
    console.print(batches.change_table(found.batch.changes, found.edits))


def rollback_plan(console: Console) -> None:
    files = [
        FilePlan("parcel/money.py", FileAction.RESTORED),
        FilePlan(f"{'deep/' * 20}a file.py", FileAction.DELETED),
        FilePlan("parcel/retry.py", FileAction.MERGED),
    ]
    changes = analysis([failing()], text="word " * 30).batch.changes
    operations.print_file_actions(console, files)
    operations.print_dropped_commits(console, "main", changes)
    operations.print_stashed_files(console, ["a file of mine.txt"])
    check = RevertCheck((LONG,), ("m.T.test_b",), (), ("m.T.test_c",))
    operations.print_revert_check(console, changes[:1], {changes[1]: ["a.py", f"{'deep/' * 20}b.py"]}, check)
    operations.print_interrupted(
        console, "operation 3 was interrupted", "batchhook operations finish, or batchhook undo 3"
    )


def operation_list(console: Console) -> None:
    selection = Selection((3,))
    done = Operation(
        7, OperationKind.ROLLBACK, RollbackMode.COMMIT, selection, OperationStatus.DONE, "/", "1" * 40, "2" * 40, 0.0
    )
    console.print(
        operations.operations_table([done, replace(done, id=6, kind=OperationKind.UNDO, undoes=5)], [done], 6)
    )
    operations.print_restorations(console, [operations.RestorationRow(1, 3, 0, "intent", 0.0)])


def bisect_result(console: Console) -> None:
    commit = Commit(OIDS[2], "", (), "", "Ada <ada@example.org>", 0, 0, "a subject " * 12)
    findings = {LONG: Finding(culprit(), (OIDS[3],), "a note of many words " * 6)}
    found = Bisection(OIDS[0], OIDS[4], OIDS[0], 30, 5, findings, {}, {OIDS[2]: commit}, {OIDS[2]: ()})
    bisection.print_bisection(console, found)


def doctor(console: Console) -> None:
    for name, detail in (("git", "2.39.2"), ("python", f"/home/ada/{'deep/' * 15}python3, since the project's " * 2)):
        console.print(Text.assemble(("✓ ", "green"), (name, "bold"), f": {detail}"))
    console.print(hints(("batchhook doctor --json", "the same for programs")))


VIEWS: dict[str, Callable[[Console], None]] = {
    "analyze": whole_analysis(),
    "analyze by module": whole_analysis(attributed=False),
    "analyze --tracebacks": whole_analysis(tracebacks=True),
    "status, log, show": log_and_status,
    "rollback plan": rollback_plan,
    "operations": operation_list,
    "bisect": bisect_result,
    "doctor": doctor,
}
UNBROKEN = re.compile(
    r"batchhook [a-z]+ \d+ --[a-z]+|batchhook wait \d+|batchhook operations finish|batchhook undo 3"
    rf"|{re.escape(LONG)}|{re.escape(LOCATION)}|a file\.py|a file of mine\.txt|m\.T\.\w+"
)


@pytest.mark.parametrize("width", [80, 120, None])
@pytest.mark.parametrize("view", VIEWS)
def test_no_line_ends_in_blanks(view: str, width: int | None) -> None:
    for line in printed(VIEWS[view], width):
        assert line == line.rstrip()
        assert "\N{NO-BREAK SPACE}" not in line


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("view", VIEWS)
def test_a_terminal_breaks_no_id_path_or_command(view: str, width: int) -> None:
    piped = UNBROKEN.findall("\n".join(printed(VIEWS[view], None)))
    assert UNBROKEN.findall("\n".join(printed(VIEWS[view], width))) == piped


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("view", VIEWS)
def test_a_terminal_shows_the_words_of_a_pipe(view: str, width: int) -> None:
    words = " ".join(printed(VIEWS[view], width)).split()
    assert words == " ".join(printed(VIEWS[view], None)).split()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("view", VIEWS)
def test_a_line_that_is_too_long_has_a_part_that_must_not_be_broken(view: str, width: int) -> None:
    for line in printed(VIEWS[view], width):
        assert len(line) <= width or max(map(len, line.split())) > 20 or line.startswith(" " * 4), line


def test_a_pipe_wraps_nothing() -> None:
    lines = printed(VIEWS["analyze"], None)
    assert any(len(line) > 150 for line in lines)
    (author,) = {line for line in lines if line.lstrip().startswith("a subject") and "ada@example.org" in line}
    assert author.startswith(" " * 10)
    (head,) = (line for line in lines if LONG in line and LOCATION in line)
    assert head == f"  {LONG}  {LOCATION}"


def test_the_author_of_a_culprit_keeps_its_indent() -> None:
    lines = printed(VIEWS["analyze"], 80)
    start = next(place for place, line in enumerate(lines) if line.startswith(OIDS[2][:8]))
    end = next(place for place, line in enumerate(lines) if "passed at" in line)
    assert end - start > 3
    assert all(line.startswith(" " * 10) for line in lines[start + 1 : end + 1])


def test_a_description_hangs_below_itself() -> None:
    grid = hints(("batchhook ack 1", "some words " * 10), ("batchhook rollback 1 --culprit", "few words"))
    first, second, *_ = printed(lambda console: console.print(grid), 80)
    assert first.startswith("→ batchhook ack 1                 some words")
    assert re.fullmatch(r" {34}\S.*", second)


def test_a_cell_that_is_too_wide_moves_the_description_below() -> None:
    grid = Grid(("left", "left"))
    grid.add(unbroken("x" * 70), "what becomes of it, in some words")
    grid.add("short.py", "restored")
    assert printed(lambda console: console.print(grid), 80) == [
        "x" * 70,
        "    what becomes of it, in some words",
        "short.py  restored",
        "",
    ]


def test_a_diff_in_a_message_keeps_its_lines() -> None:
    lines = printed(VIEWS["analyze"], 80)
    place = lines.index("    AssertionError: 'one\\ntwo' != 'one\\nthree'")
    assert lines[place + 1 : place + 4] == ["        one", "      - two", "      + three"]


def test_a_message_is_bounded() -> None:
    message = "first\n\n" + "\n".join(f"line {number} {'x' * 500}" for number in range(100))
    shown = list(failures.message_lines(failing(message=message)))
    assert len(shown) == 13
    assert shown[-1].text == "… and 89 more lines"
    assert all(len(line.text) <= 160 for line in shown)


def test_standard_output_is_wrapped_at_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for file in (terminal, pipe):
        OutputConsole(file=file, width=20).print("some words that do not fit")
    assert terminal.getvalue() == "some words that do\n  not fit\n"
    assert pipe.getvalue() == "some words that do not fit\n"


def test_colours_in_a_pipe_wrap_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI services set FORCE_COLOR, by which rich takes a pipe for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    OutputConsole(file=file).print(Text("word " * 50, style="red"))
    assert file.getvalue().count("\n") == 1


def test_styles_survive_wrapping() -> None:
    file = io.StringIO()
    console = OutputConsole(file=file, width=12, wrap=True)
    console._color_system = None  # noqa: SLF001 - rich decides on the environment
    text = Text.assemble(("red words here", "red"), " and plain")
    (line,) = [Line(text)]
    parts = [segment for segment in console.render(line) if segment.text.strip()]
    assert [(segment.text.strip(), str(segment.style)) for segment in parts if segment.style and segment.style.color]
    assert "".join(segment.text for segment in console.render(line)) == "red words\n  here and\n  plain\n"


WORDS = st.text(st.sampled_from("ab é漢\n"), max_size=60)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.integers(1, 30), st.integers(0, 6), st.integers(0, 6))
def test_a_paragraph_loses_no_word(text: str, width: int, indent: int, hang: int) -> None:
    lines = printed(lambda console: console.print(Line(text, indent=indent, hang=hang)), width)
    assert " ".join(lines).split() == text.split()
    assert all(line == line.rstrip() for line in lines)
    assert all(line.startswith(" " * indent) for line in lines if line)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(WORDS.map(unbroken), WORDS), max_size=5), st.integers(10, 60))
def test_a_table_loses_no_word(rows: list[tuple[str, str]], width: int) -> None:
    grid = Grid(("right", "left"))
    for first, second in rows:
        grid.add(first, second)
    for at in (width, None):
        lines = printed(lambda console: console.print(grid), at)
        assert " ".join(lines).split() == [word for row in rows for cell in row for word in cell.split()]
        assert all(line == line.rstrip() for line in lines)


def test_an_empty_batch_has_no_changes_to_show() -> None:
    batch = Batch(1, "refs/heads/main", BatchQuota(5), BatchStatus.OPEN, "", "")
    lines = printed(lambda console: batches.print_status(console, batch, [], batches.log_table([])), None)
    assert lines == ["batch 1 on main  □□□□□  0/5", ""]
