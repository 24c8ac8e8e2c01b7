"""Suites that a command runs, through git's own hooks: counted, tested, searched, rolled back as any other."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.driving import Repository

# Each line of the file `tests` is a test: its name, and the command that it runs.
RUN = """\
#!/bin/sh
echo "$@" >> "${CALLS:-/dev/null}"
count=0
while IFS=: read -r name command; do
    [ $# = 0 ] || case " $* " in *" $name "*) ;; *) continue;; esac
    count=$((count + 1))
    if sh -c "$command" >/dev/null 2>&1; then echo "ok $count - $name"; else echo "not ok $count - $name"; bad=1; fi
done < tests
echo "1..$count"
exit ${bad:-0}
"""
TESTS = "adds:test $(./add 1 2) = 3\nmultiplies:test $(./multiply 2 3) = 6\nreads:grep -q hello page.txt\n"
ADD, MULTIPLY = "#!/bin/sh\necho $(($1 + $2))\n", "#!/bin/sh\necho $(($1 * $2))\n"
SELECTIVE = '[tool.batchhook]\ncommand = "./run"\nformat = "tap"\nselect = "./run {name}"\n'
WHOLE = '[tool.batchhook]\ncommand = "./run"\nformat = "tap"\n'
EXIT = '[tool.batchhook]\ncommand = "./run"\n'
BUILD = '[tool.batchhook]\ncommand = "./run"\nformat = "tap"\nbuild = ["sh -n add", "sh -n multiply"]\n'


@pytest.fixture
def shell_project(bare_repository: Repository) -> Repository:
    """Return a repository with a suite in sh; the configuration is the tests' own."""
    repository = bare_repository
    for name, text in (("run", RUN), ("add", ADD), ("multiply", MULTIPLY)):
        repository.write(name, text)
        (repository.top / name).chmod(0o755)
    repository.write("tests", TESTS)
    repository.commit("suite", **{"page.txt": "hello\n"})
    return repository


def install(repository: Repository, configuration: str) -> None:
    repository.commit("configuration", pyproject__toml=configuration)
    repository.batchhook("install")


def commit(repository: Repository, subject: str, **files: str) -> str:
    """Commit files, and return the commit."""
    repository.commit(subject, **files)
    return repository.head()


def fill_batch(repository: Repository, last: tuple[str, str] = ("notes.txt", "5")) -> dict[str, str]:
    """Make five commits, of which the second and the fourth break a test; return these by the test's name."""
    repository.commit("harmless", **{"notes.txt": "1"})
    adds = commit(repository, "break add", add=ADD.replace("+", "-"))
    repository.commit("harmless again", **{"notes.txt": "3"})
    reads = commit(repository, "break page", **{"page.txt": "goodbye\n"})
    repository.commit("last", **{last[0]: last[1]})
    return {"tests::adds": adds, "tests::reads": reads}


def culprits(report: Any) -> dict[str, str]:  # noqa: ANN401 - as json.loads
    return {failure["test_id"]: failure["attribution"]["change"] for failure in report["failures"]}


@pytest.mark.parametrize("configuration", [SELECTIVE, WHOLE], ids=["selective", "whole"])
def test_each_failing_test_gets_its_culprit(shell_project: Repository, configuration: str) -> None:
    install(shell_project, configuration)
    expected = fill_batch(shell_project)
    report = shell_project.json("wait", "1", "--timeout", "60", code=1)
    assert culprits(report) == expected
    assert report["totals"]["tests"] == 3
    shell_project.batchhook("rollback", "1", "--culprit", "-y")
    shell_project.git("commit", "-am", "take it back")
    assert shell_project.json("test")["verdict"] == "passed"


def test_a_command_with_an_exit_code_alone_gets_its_culprit(shell_project: Repository) -> None:
    install(shell_project, EXIT)
    expected = fill_batch(shell_project)
    report = shell_project.json("wait", "1", "--timeout", "60", code=1)
    assert culprits(report) == {"tests::./run": expected["tests::adds"]}


def test_a_broken_build_is_one_finding_of_the_change_that_broke_it(shell_project: Repository) -> None:
    install(shell_project, BUILD)
    shell_project.commit("harmless", **{"notes.txt": "1"})
    broken = commit(shell_project, "a syntax error", add="#!/bin/sh\necho $((\n")
    for number in range(3):
        shell_project.commit(f"change {number}", **{"notes.txt": f"{number} more"})
    report = shell_project.json("wait", "1", "--timeout", "60", code=1)
    assert culprits(report) == {".": broken}
    assert "`sh -n add` ended with exit code 2" in report["failures"][0]["message"]
    assert "the tests cannot be run" in shell_project.batchhook("analyze", "1", code=1)


def test_a_missing_program_is_broken_and_offers_no_rollback(shell_project: Repository) -> None:
    install(shell_project, '[tool.batchhook]\ncommand = "no-such-program"\nbatch_size = 1\n')
    shell_project.commit("change", **{"notes.txt": "1"})
    shell_project.batchhook("wait", "1", "--timeout", "60", code=3)
    shown = shell_project.batchhook("analyze", "1", code=3)
    assert "no-such-program cannot be started" in shown
    assert "rollback" not in shown


def test_by_hand_some_tests_and_those_that_failed(shell_project: Repository) -> None:
    install(shell_project, SELECTIVE)
    shell_project.commit("break", **{"page.txt": "goodbye\n"})
    assert shell_project.json("test", code=1)["totals"]["tests"] == 3
    assert shell_project.json("test", "tests::adds")["totals"]["tests"] == 1
    failed = shell_project.json("test", "--failed", code=1)
    assert [failure["test_id"] for failure in failed["failures"]] == ["tests::reads"]
    assert failed["totals"]["tests"] == 1
    assert "Did you mean: tests::adds" in shell_project.json("test", "tests::addz", code=3)["hint"]


def test_beside_a_suite_in_python(shell_project: Repository) -> None:
    suites = (
        '[[tool.batchhook.suites]]\nname = "shell"\ncommand = "./run"\nformat = "tap"\n'
        '[[tool.batchhook.suites]]\nname = "python"\nfolder = "py"\nengine = "unittest"\n'
    )
    shell_project.write("py/test_x.py", "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n")
    install(shell_project, suites)
    assert shell_project.json("test")["totals"]["tests"] == 4
    assert shell_project.json("test", "shell:tests::adds")["totals"]["tests"] == 1


def test_ci_and_bisect(shell_project: Repository) -> None:
    install(shell_project, WHOLE)
    good = shell_project.head()
    expected = fill_batch(shell_project)
    document = shell_project.json("bisect", "tests::reads", good, "HEAD")
    assert document["tests"]["tests::reads"]["change"] == expected["tests::reads"]
    assert shell_project.json("ci", code=1)["totals"]["failed"] == 2


def test_install_and_doctor_say_what_would_run(shell_project: Repository) -> None:
    shell_project.commit(
        "configuration", pyproject__toml='[tool.batchhook]\ncommand = "./run"\nlist = "cut -d: -f1 tests"\n'
    )
    assert "The tests are run by `./run` (`command` is set): 3 tests." in shell_project.batchhook("install")
    checks = {check["name"]: check["detail"] for check in shell_project.json("doctor")["checks"]}
    assert checks["discovery"] == "3 tests"
    assert "python" not in checks


def test_a_preset_is_chosen_by_its_sign(bare_repository: Repository) -> None:
    bare_repository.commit("go", **{"go.mod": "module cart\n"})
    assert "The tests are run by `go test -json -count=1 ./...` (go: go.mod)" in bare_repository.batchhook("install")
    entries = {entry["name"]: entry for entry in bare_repository.json("engines")["engines"] if entry["is_preset"]}
    assert (entries["go"]["sign"], entries["go"]["suites"]) == ("go.mod", [""])
    assert not entries["jest"]["sign"]


def test_a_preset_that_is_not_known_names_the_nearest(bare_repository: Repository) -> None:
    bare_repository.commit("configuration", pyproject__toml='[tool.batchhook]\npreset = "jests"\n')
    bare_repository.batchhook("install")
    result = bare_repository.json("test", code=3)
    assert (result["broken"], result["hint"]) == ("there is no preset 'jests'", "did you mean 'jest'?")
    checks = {check["name"]: check for check in bare_repository.json("doctor", code=3)["checks"]}
    assert not checks["engine"]["ok"]
    assert (checks["engine"]["detail"], checks["engine"]["hint"]) == (result["broken"], result["hint"])
    problems = bare_repository.json("engines")["problems"]
    assert problems == {"the suite": "there is no preset 'jests'; did you mean 'jest'?"}


def test_a_missing_program_of_the_build_names_the_setting(shell_project: Repository) -> None:
    install(shell_project, f'{WHOLE}build = "no-such-maker all"\n')
    result = shell_project.json("test", code=3)
    assert result["broken"] == "no-such-maker cannot be started: No such file or directory"
    assert result["hint"] == "install it, or fix `build` in [tool.batchhook]"


def test_setup_runs_again_only_where_its_inputs_have_changed(shell_project: Repository, tmp_path_factory: Any) -> None:  # noqa: ANN401 - pytest's own
    log = tmp_path_factory.mktemp("log") / "log"
    shell_project.write("install", f"#!/bin/sh\ncat lock >> {log}\nmkdir deps\ncp lock deps/version\n")
    (shell_project.top / "install").chmod(0o755)
    shell_project.write("lock", "1\n")
    shell_project.write("tests", f"{TESTS}depends:cmp deps/version lock\n")
    install(
        shell_project,
        f'{SELECTIVE}setup = "./install"\nsetup_inputs = ["lock"]\nsetup_outputs = ["deps"]\nlink = []\n',
    )
    fill_batch(shell_project, ("lock", "2\n"))
    report = shell_project.json("wait", "1", "--timeout", "60", code=1)
    assert report["totals"] | {"duration_s": 0, "failure_rate": 0} == report["totals"] | {
        "failed": 2,
        "passed": 2,
        "duration_s": 0,
        "failure_rate": 0,
    }
    assert sorted(log.read_text().split()) == ["1", "2"]
    root = shell_project.worktree().parent.parent
    assert (root / "setup").is_dir()
    shell_project.batchhook("uninstall")
    assert not root.exists()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node(bare_repository: Repository) -> None:
    """The tests of a real tool, which nothing was configured for."""
    tests = (
        'const { test, describe } = require("node:test"); const assert = require("node:assert");\n'
        'const { add, multiply } = require("../cart.js");\n'
        'test("adds (1 + 2)", () => assert.strictEqual(add(1, 2), 3));\n'
        'describe("cart", () => test("multiplies", () => assert.strictEqual(multiply(2, 3), 6)));\n'
        'test("is skipped", { skip: "later" }, () => {});\n'
    )
    code = "exports.add = (a, b) => a + b;\nexports.multiply = (a, b) => a * b;\n"
    bare_repository.write("package.json", json.dumps({"scripts": {"test": "node --test"}}))
    bare_repository.write("test/cart.test.js", tests)
    bare_repository.commit("node", **{"cart.js": code})
    bare_repository.batchhook("install")
    bare_repository.commit("harmless", **{"notes.txt": "1"})
    broken = commit(bare_repository, "break add", **{"cart.js": code.replace("a + b", "a - b")})
    for number in range(3):
        bare_repository.commit(f"change {number}", **{"notes.txt": f"{number} more"})
    report = bare_repository.json("wait", "1", "--timeout", "60", code=1)
    assert culprits(report) == {"test/cart.test.js::adds (1 + 2)": broken}
    assert (report["totals"]["tests"], report["totals"]["skipped"]) == (3, 1)


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ('build = "make"\nselect = "run {name}"\n', "`build`, `select` without `command` or `preset`"),
        ('command = "./run {reprot}"\n', "there is no placeholder {reprot}"),
        ('command = "no-such-program"\n', "no-such-program is not installed"),
        ('command = "./run"\nbuild = ["no-such-program x"]\n', "no-such-program is not installed"),
    ],
)
def test_doctor_names_what_cannot_run(bare_repository: Repository, configuration: str, problem: str) -> None:
    bare_repository.commit("tests", **{"test_x.py": "", ".batchhook.toml": configuration})
    bare_repository.batchhook("install")
    details = [check["detail"] for check in bare_repository.json("doctor", code=3)["checks"] if not check["ok"]]
    assert any(problem in detail for detail in details)
    assert problem.split(" is not", maxsplit=1)[0] in bare_repository.json("test", code=3)["broken"]


def test_engines_shows_a_command_of_ones_own(shell_project: Repository) -> None:
    install(shell_project, WHOLE)
    (entry,) = [each for each in shell_project.json("engines")["engines"] if each["name"] == "command"]
    assert (entry["command"], entry["suites"]) == ("./run", [""])
