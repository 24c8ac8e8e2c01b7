"""The demo, section by section: five commits, the automatic run, its culprits, a rollback, and a corrected change."""

from __future__ import annotations

from pathlib import Path

from batchhook.demo.printer import Printer
from batchhook.demo.repository import DemoRepository, UnexpectedResultError, prepare_folder, require_engine
from batchhook.demo.scenario import TESTS, DemoChange, DemoEngine, Scenario
from batchhook.errors import ExitCode

RUN_COMPLETED = (ExitCode.OK, ExitCode.TESTS_FAILED)
"""Exit codes of a command that reports a completed run."""


def run_demo(folder: Path | None, engine: DemoEngine = DemoEngine.UNITTEST, *, pause: float = 0.0) -> int:
    """Run the whole demo in a repository of its own.

    Args:
        folder: keeps the repository; None for a temporary folder, which is deleted at the end.
        engine: the framework of the project's tests.
        pause: seconds to wait before each command.

    Returns:
        the exit code: 0, or 3 if a step had an unexpected result; the repository is kept then.
    """
    require_engine(engine)
    printer = Printer(pause)
    repository = DemoRepository(prepare_folder(folder), printer)
    is_kept = folder is not None
    try:
        Walkthrough(Scenario.read(engine), repository, printer).run()
    except UnexpectedResultError as error:
        is_kept = True
        printer.paragraph(f"The demo stopped: unexpected result. {error.message}", style="bold red")
        return ExitCode.ERROR
    finally:
        if is_kept:
            printer.line(f"The repository is kept: {repository.folder}")
        else:
            repository.remove()
    return ExitCode.OK


class Walkthrough:
    """The sections of the demo; each checks the results that it shows."""

    def __init__(self, scenario: Scenario, repository: DemoRepository, printer: Printer) -> None:
        self._scenario = scenario
        self._repository = repository
        self._printer = printer
        self._commits: dict[DemoChange, str] = {}

    def run(self) -> None:
        """Run all sections in order.

        Raises:
            UnexpectedResultError: a step did not have its expected result.
        """
        self._set_up()
        self._fill_batch()
        self._find_culprits()
        self._roll_back()
        self._commit_correction()
        self._summarize()

    def _set_up(self) -> None:
        self._printer.heading("1. A project with tests")
        engine = self._scenario.engine
        self._printer.paragraph(f"""
            This is parcel, a small library for orders and invoices with {TESTS[engine]} tests for {engine.value}, in a
            temporary repository. Everything below really runs.
        """)
        self._repository.set_up(self._scenario)
        self._printer.paragraph("batchhook is installed once per repository:")
        self._repository.run(["batchhook", "install"])

    def _fill_batch(self) -> None:
        self._printer.heading("2. Five commits")
        self._printer.paragraph("Now you work as usual. batchhook counts the commits.")
        for change in self._scenario.batch:
            self._commit(change)

    def _commit(self, change: DemoChange) -> None:
        """Apply a change to the files and commit it."""
        self._printer.paragraph(f"{change.reason} (You edit {' and '.join(change.files)}.)")
        self._repository.output(["git", "apply", *map(str, change.patches)])
        self._repository.run(["git", "commit", "-am", change.message])
        self._commits[change] = self._repository.head()

    def _find_culprits(self) -> None:
        self._printer.heading("3. What broke, and which change broke it")
        self._printer.paragraph("""
            The fifth commit filled the batch, so the tests started automatically, in a checkout of their own. Some of
            them fail, so batchhook runs those again at the commits in between until it knows which change broke each.
            In a terminal you can watch for ten seconds and then go on working. Here we wait for the end:
        """)
        self._repository.run(["batchhook", "wait", "1"], RUN_COMPLETED)
        self._printer.paragraph("Two of the five changes. Which tests did they break, and how certain is that?")
        self._repository.run(["batchhook", "analyze", "1"], (ExitCode.TESTS_FAILED,))
        self._check_analysis()

    def _check_analysis(self) -> None:
        analysis = self._repository.read_json("analyze", "1", exit_codes=(ExitCode.TESTS_FAILED,))
        _check("verdict of batch 1", analysis.get("verdict"), "critical")
        culprits = {culprit["change"]: frozenset(culprit["tests"]) for culprit in analysis.get("culprits", ())}
        expected = {oid: change.breaks for change, oid in self._commits.items() if change.breaks}
        _check("culprits of batch 1", culprits, expected)

    def _roll_back(self) -> None:
        self._printer.heading("4. Rolling back")
        self._printer.paragraph("""
            One command reverts just the culprits in your files. Before it touches them it checks, in a checkout of its
            own, that this fixes the tests and breaks no others. (-y skips the confirmation.)
        """)
        self._repository.run(["batchhook", "rollback", "1", "--culprit", "-y"])
        self._printer.paragraph("""
            Without --culprit it would have reverted the whole batch, and `batchhook undo` would bring everything back.
            We keep the result, as an ordinary commit:
        """)
        self._repository.run(["git", "commit", "-m", "Revert the two changes that broke tests"])
        self._printer.paragraph("Do the tests pass again? The check ran them on these files already, so it is quick:")
        self._repository.run(["batchhook", "test"])

    def _commit_correction(self) -> None:
        self._printer.heading("5. The change, done right")
        self._commit(self._scenario.corrected)
        self._repository.run(["batchhook", "test"])
        self._repository.run(["batchhook", "status"])

    def _summarize(self) -> None:
        self._printer.heading("That was batchhook")
        self._printer.paragraph("""
            Five commits, none of them delayed. The tests ran automatically, on exactly what was committed. You learned
            which change broke which test, reverted those changes with one command, and lost nothing. In your own
            repository:
        """)
        self._printer.hint("batchhook install", "once; then commit as you like")
        self._printer.hint("batchhook analyze N", "what broke in batch N, and which change broke it")
        self._printer.hint("batchhook rollback N", "back to before batch N; --culprit: only what broke tests")


def _check(subject: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise UnexpectedResultError(f"{subject}: {actual}, expected {expected}")
