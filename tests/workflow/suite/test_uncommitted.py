"""Hints at files that exist in the user's work tree but were never committed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.settings import Isolation, Settings
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.errors import SuiteError
from batchhook.execution.spec import SuiteSpec, check_runnable
from batchhook.git.command import Git
from batchhook.workflow.suite.uncommitted import add_uncommitted_notes, hint_uncommitted_tests
from tests.driving import Repository

ROOTS = ("src", "", "tests")
NOT_COMMITTED = "exists in your work tree but is not committed"
COMPILED = "(it is compiled: `setup` in [tool.batchhook] can build it in the tested checkout)"
IGNORED = "(it is ignored: `link` in [tool.batchhook] brings it into the tested checkout)"


def failure(message: str, note: str = "") -> TestResult:
    return TestResult("t.T.test", "t", Outcome.ERRORED, message=message, note=note)


def no_file(path: str | bytes) -> TestResult:
    return failure(str(FileNotFoundError(2, "No such file or directory", path)))


def no_module(name: str) -> TestResult:
    return failure(f"No module named {name!r}")


@dataclass
class Pair:
    """A repository and a private checkout of its HEAD."""

    repository: Repository
    checkout: Path

    def add_notes(self, *results: TestResult, roots: Sequence[str] = ROOTS) -> SuiteResult:
        top = self.repository.top
        return add_uncommitted_notes(SuiteResult(results), self.checkout, top, roots, Git(top))

    def notes(self, *results: TestResult) -> list[str]:
        return [result.note for result in self.add_notes(*results).results]

    def note(self, result: TestResult) -> str:
        return self.notes(result)[0]

    def run(self, code: str) -> TestResult:
        """Run a test module in the checkout, and return its result."""
        (self.checkout / "test_real.py").write_text(code)
        command = [sys.executable, "-B", "-m", "unittest", "test_real"]
        done = subprocess.run(command, cwd=self.checkout, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        return TestResult("test_real.T.test", "test_real", Outcome.ERRORED, traceback=done.stderr)

    def hint(self, settings: Settings) -> str:
        """Return the hint for a suite that the runner itself refuses."""
        top = self.repository.top
        outcome = hint_uncommitted_tests(self.broken(settings), settings, self.repository.head(), top, Git(top))
        return outcome.hint

    def broken(self, settings: Settings) -> SuiteResult:
        spec = SuiteSpec(
            Path(sys.executable), self.checkout, {}, self.checkout, UnittestEngine(settings.start_dir, settings.pattern)
        )
        with pytest.raises(SuiteError) as refused:
            self._refuse(spec)
        return SuiteResult(broken_reason=refused.value.message, hint=refused.value.hint)

    @staticmethod
    def _refuse(spec: SuiteSpec) -> None:
        check_runnable(spec)
        raise spec.engine.explain_empty()


@pytest.fixture
def tested(bare_repository: Repository, tmp_path: Path) -> Pair:
    """A repository with a package and data, with a checkout of its only commit."""
    bare_repository.write("pkg/__init__.py", "")
    bare_repository.write("data/kept.json", "{}")
    bare_repository.write("space/kept.txt", "")
    bare_repository.write(".gitignore", "*.env\n/build/\n/secret\n")
    bare_repository.commit("first", calculator__py="")
    checkout = tmp_path / "checkout"
    bare_repository.git("worktree", "add", "--quiet", "--detach", str(checkout))
    return Pair(bare_repository, checkout)


def test_a_file_that_was_not_committed_is_named(tested: Pair) -> None:
    tested.repository.write("config.json", "{}")
    result = tested.run(
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        open('config.json')\n"
    )
    assert "FileNotFoundError" in result.traceback
    assert tested.note(result) == f"`config.json` {NOT_COMMITTED}"


def test_a_module_that_was_not_committed_is_named(tested: Pair) -> None:
    tested.repository.write("pkg/helper.py", "")
    for line in ("import pkg.helper", "from pkg import helper", "from pkg.helper import x"):
        assert tested.note(tested.run(line)) == f"`pkg/helper.py` {NOT_COMMITTED}"


@pytest.mark.parametrize("form", ["{}", "./{}", "data/../{}", "/CHECKOUT/{}", "/CHECKOUT/data/.././{}"])
def test_a_path_in_any_form_is_found(tested: Pair, form: str) -> None:
    tested.repository.write("data/config.json", "{}")
    path = form.format("data/config.json").replace("/CHECKOUT", str(tested.checkout))
    assert tested.note(no_file(path)) == f"`data/config.json` {NOT_COMMITTED}"


def test_a_checkout_behind_a_symbolic_link_is_known_by_both_names(tested: Pair, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tested.checkout)
    tested.repository.write("config.json", "{}")
    real = tested.checkout
    tested.checkout = tmp_path / "link"
    for folder in (real, tested.checkout):
        assert tested.note(no_file(f"{folder}/config.json")) == f"`config.json` {NOT_COMMITTED}"


def test_what_is_committed_is_not_named_even_if_a_test_removed_it(tested: Pair) -> None:
    (tested.checkout / "data/kept.json").unlink()
    assert tested.notes(no_file("data/kept.json"), no_module("calculator"), no_module("pkg")) == ["", "", ""]


def test_what_was_not_committed_is_named_even_if_a_test_made_it_since(tested: Pair) -> None:
    tested.repository.write("config.json", "{}")
    (tested.checkout / "config.json").write_text("{}")
    assert tested.note(no_file("config.json")) == f"`config.json` {NOT_COMMITTED}"


def test_what_is_staged_is_not_committed(tested: Pair) -> None:
    tested.repository.write("config.json", "{}")
    tested.repository.git("add", "config.json")
    assert tested.note(no_file("config.json")) == f"`config.json` {NOT_COMMITTED}"


def test_what_was_committed_after_the_tested_commit_was_not_in_it(tested: Pair) -> None:
    tested.repository.commit("later", config__json="{}")
    assert tested.note(no_file("config.json")) == f"`config.json` {NOT_COMMITTED}"


def test_nothing_outside_of_the_checkout_is_named(tested: Pair, tmp_path: Path) -> None:
    (tmp_path / "beside").write_text("")
    (tested.repository.top / "inside").write_text("")
    paths = ["../beside", "data/../../beside", str(tmp_path / "beside"), "/etc/passwd", ".", "/", str(tested.checkout)]
    paths += [f"{tested.checkout}/../beside", f"{tested.checkout}x/inside", ".git/HEAD", "a\0b", "\ud800", "x" * 5000]
    outcome = SuiteResult(tuple(no_file(path) for path in paths))
    top = tested.repository.top
    assert add_uncommitted_notes(outcome, tested.checkout, top, ["..", "/etc", ""], Git(top)) is outcome


def test_a_folder_that_only_the_user_has_explains_what_cannot_be_made_in_it(tested: Pair) -> None:
    (tested.repository.top / "out").mkdir()
    assert tested.note(no_file("out/result.txt")) == f"`out` {NOT_COMMITTED}"
    assert tested.note(no_file("data/result.txt")) == ""
    (tested.checkout / "out").mkdir()
    assert tested.note(no_file("out/result.txt")) == ""


@pytest.mark.parametrize(
    ("file", "module", "named"),
    [
        ("helper.py", "helper", "helper.py"),
        ("src/helper.py", "helper", "src/helper.py"),
        ("tests/helper.py", "helper", "tests/helper.py"),
        ("new/__init__.py", "new", "new"),
        ("src/new/__init__.py", "new.sub", "src/new"),
        ("new.py", "new.sub", "new.py"),
        ("new/inner/part.py", "new", "new"),
        ("pkg/sub/__init__.py", "pkg.sub", "pkg/sub"),
        ("pkg/part.py", "pkg.part", "pkg/part.py"),
        ("pkg/part.py", "pkg.part.name", "pkg/part.py"),
        ("space/__init__.py", "space.name", "space/__init__.py"),
        ("pkg/_fast.cpython-311-x86_64-linux-gnu.so", "pkg._fast", "pkg/_fast.cpython-311-x86_64-linux-gnu.so"),
        ("_fast.so", "_fast", "_fast.so"),
        ("new/readme.txt", "new", ""),
        ("pkg/part.py", "pkg.other", ""),
        ("pkg/part.py", "part", ""),
    ],
)
def test_a_module_is_looked_for_where_it_would_be_imported_from(
    tested: Pair, file: str, module: str, named: str
) -> None:
    tested.repository.write(file, "")
    remedy = f" {COMPILED}" if named.endswith(".so") else ""
    assert tested.note(no_module(module)) == (f"`{named}` {NOT_COMMITTED}{remedy}" if named else "")


def test_the_note_on_an_ignored_file_names_a_remedy(tested: Pair) -> None:
    for file in ("local.env", "build/x/data.bin", "config.json"):
        tested.repository.write(file, "")
    assert tested.notes(no_file("local.env"), no_file("build/x/data.bin"), no_file("config.json")) == [
        f"`local.env` {NOT_COMMITTED} {IGNORED}",
        f"`build/x/data.bin` {NOT_COMMITTED} {IGNORED}",
        f"`config.json` {NOT_COMMITTED}",
    ]


def test_what_is_behind_an_ignored_link_is_ignored(tested: Pair, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x").write_text("")
    (tested.repository.top / "secret").symlink_to(tmp_path / "elsewhere")
    tested.repository.write("local.env", "")
    assert tested.notes(no_file("secret/x"), no_file("local.env")) == [
        f"`secret/x` {NOT_COMMITTED} {IGNORED}",
        f"`local.env` {NOT_COMMITTED} {IGNORED}",
    ]


def test_files_behind_a_committed_link_get_no_note(tested: Pair) -> None:
    top = tested.repository.top
    (top / "link").symlink_to("data")
    tested.repository.commit("link")
    tested.repository.git("-C", str(tested.checkout), "checkout", "--quiet", "--detach", "main")
    assert tested.note(no_file("link/kept.json")) == ""


def test_a_submodule_is_left_alone(tested: Pair, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.top.mkdir()
    library.git("init", "--quiet")
    library.commit("one", value__txt="one")
    tested.repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.top), "lib")
    tested.repository.commit("lib")
    tested.repository.git("-C", str(tested.checkout), "checkout", "--quiet", "--detach", "main")
    tested.repository.write("local.env", "")
    assert tested.notes(no_file("lib/value.txt"), no_file("local.env")) == [
        "",
        f"`local.env` {NOT_COMMITTED} {IGNORED}",
    ]


def test_several_are_named_and_the_rest_is_counted(tested: Pair) -> None:
    for number in range(5):
        tested.repository.write(f"{number}.json", "")
    messages = [no_file(f"{number}.json").message for number in (0, 1, 1, 2, 3, 4)]
    named = [f"`{number}.json` {NOT_COMMITTED}" for number in range(3)]
    assert tested.note(failure("\n".join(messages))) == "; ".join([*named, "and 2 more"])


def test_a_note_that_is_there_stays_in_front(tested: Pair) -> None:
    tested.repository.write("config.json", "")
    result = failure(no_file("config.json").message, note="it failed before, too")
    assert tested.note(result) == f"it failed before, too; `config.json` {NOT_COMMITTED}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\x1b[31m\nb", "a [31m b"),
        (b"caf\xe9", "caf"),
        ("ü b".encode(), "ü b"),
        (b":(top)x*", ":(top)x*"),
        (b"q\"'\\", "q\"'\\"),
    ],
)
def test_any_name_is_shown_on_one_line(tested: Pair, name: bytes, shown: str) -> None:
    (tested.repository.top / Path(name.decode("utf-8", "surrogateescape"))).write_text("")
    expected = f"`{shown}` {NOT_COMMITTED}"
    assert tested.notes(no_file(name), no_file(name.decode("utf-8", "surrogateescape"))) == [expected, expected]
    with (tested.repository.top / ".gitignore").open("w") as file:
        file.write("*\n")
    assert tested.note(no_file(name)) == f"{expected} {IGNORED}"


def test_git_runs_once_and_only_for_candidates(tested: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []
    original_run = subprocess.run

    def recording_run(command: list[str], **options: Any) -> Any:  # noqa: ANN401 - as subprocess.run
        commands.extend(word for word in command if word in {"ls-tree", "check-ignore", "ls-files", "rev-parse"})
        return original_run(command, **options)

    monkeypatch.setattr(subprocess, "run", recording_run)
    passed = TestResult("t.T.test", "t", Outcome.PASSED, message=no_file("config.json").message)
    for outcome in (SuiteResult((passed,)), SuiteResult((no_file("nowhere"), failure("1 != 2"), passed))):
        top = tested.repository.top
        assert add_uncommitted_notes(outcome, tested.checkout, top, ROOTS, Git(top)) is outcome
    assert commands == []
    for number in range(30):
        tested.repository.write(f"{number}.env", "")
    assert all(tested.notes(*(no_file(f"{number}.env") for number in range(30))))
    assert commands == ["ls-tree", "check-ignore"]


def test_only_the_notes_differ(tested: Pair) -> None:
    tested.repository.write("config.json", "")
    passed = TestResult("t.T.other", "t", Outcome.PASSED, duration=2.0)
    outcome = SuiteResult((passed, no_file("config.json")), 3.0, is_complete=False)
    top = tested.repository.top
    report = add_uncommitted_notes(outcome, tested.checkout, top, ROOTS, Git(top))
    assert report.results[0] is passed
    assert (report.totals, report.duration, report.is_complete) == (outcome.totals, 3.0, False)


def test_a_checkout_that_tests_have_damaged_gets_no_notes(tested: Pair) -> None:
    tested.repository.write("config.json", "")
    (tested.checkout / ".git").unlink()
    assert tested.note(no_file("config.json")) == ""


def test_in_place_there_are_no_notes(tested: Pair) -> None:
    tested.repository.write("config.json", "")
    tested.checkout = tested.repository.top
    assert tested.note(no_file("config.json")) == ""


@pytest.mark.parametrize("start", ["tests", "./tests/", "deep/tests"])
def test_a_start_folder_that_was_not_committed_is_named(tested: Pair, start: str) -> None:
    tested.repository.write(f"{start}/test_it.py", "")
    named = start.removeprefix("./").removesuffix("/")
    assert tested.hint(Settings(start_dir=start)) == f"`{named}` {NOT_COMMITTED}"


def test_the_hint_on_an_ignored_start_folder_names_a_remedy(tested: Pair) -> None:
    tested.repository.write("build/test_it.py", "")
    assert tested.hint(Settings(start_dir="build")) == f"`build` {NOT_COMMITTED} {IGNORED}"


@pytest.mark.parametrize(("start", "named"), [(".", "pkg/test_a.py"), ("pkg", "pkg/test_a.py"), ("data", "data/x.py")])
def test_the_first_test_that_was_not_committed_is_named(tested: Pair, start: str, named: str) -> None:
    for file in ("pkg/test_b.py", "pkg/test_a.py", "pkg/a.py"):
        tested.repository.write(file, "")
    tested.repository.git("add", "pkg/test_a.py")
    if start == "data":
        tested.repository.write("data/x.py", "")
    pattern = "x.py" if start == "data" else "test*.py"
    assert tested.hint(Settings(start_dir=start, pattern=pattern)) == f"`{named}` {NOT_COMMITTED}"


@pytest.mark.parametrize("start", [".", "pkg", "nowhere", "no.where", "../project", "/"])
def test_other_hints_stay(tested: Pair, start: str) -> None:
    settings = Settings(start_dir=start)
    assert tested.hint(settings) == tested.broken(settings).hint


def test_a_reason_that_is_not_about_the_start_folder_is_left_alone(tested: Pair) -> None:
    tested.repository.write("tests/test_it.py", "")
    top, settings = tested.repository.top, Settings(start_dir="tests")
    for outcome in (SuiteResult(), SuiteResult(broken_reason="The Python is too old", hint="set `python`")):
        assert hint_uncommitted_tests(outcome, settings, tested.repository.head(), top, Git(top)) is outcome
    in_place = Settings(start_dir="tests", isolation=Isolation.IN_PLACE)
    outcome = tested.broken(settings)
    assert hint_uncommitted_tests(outcome, in_place, tested.repository.head(), top, Git(top)) is outcome


def test_a_batch_that_needs_an_uncommitted_file(bare_repository: Repository) -> None:
    test = (
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test(self):\n        open('config.json').close()\n"
    )
    bare_repository.commit("first", test_x__py=test, _gitignore="")
    bare_repository.write("config.json", "{}")
    bare_repository.batchhook("install")
    for number in range(5):
        bare_repository.write(f"{number}.txt", "")
        bare_repository.git("add", f"{number}.txt")
        bare_repository.git("commit", "--quiet", "-m", f"{number}")
    report = bare_repository.json("wait", "1", "--timeout", "60", code=1)
    assert report["failures"][0]["note"] == "`config.json` exists in your work tree but is not committed"
    assert "→ `config.json` exists in your work tree" in bare_repository.batchhook("analyze", "1", code=1)


def test_an_uncommitted_suite_is_named_in_the_hint(repository: Repository) -> None:
    repository.write("test_x.py", "import unittest\n")
    report = repository.json("test", code=3)
    assert "No tests were found" in report["broken"]
    assert report["hint"].startswith("`test_x.py` exists in your work tree but is not committed")
