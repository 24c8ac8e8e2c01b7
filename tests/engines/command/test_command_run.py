"""Runs of a command: what it reports, how it ends, and the tests that were asked for."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from batchhook.core.results import Outcome
from batchhook.core.settings import ReportFormat
from batchhook.execution import command_run
from batchhook.execution.cancel import CancelToken
from tests.engines.command.conftest import CommandProject, known, outcomes

PASSED, FAILED, ERRORED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED
CASES = "<testcase classname='cart' name='adds'/><testcase classname='cart' name='fails'>%s</testcase>"
JUNIT = f"<testsuite>{CASES}</testsuite>"
GOOD, BAD = JUNIT % "", JUNIT % "<failure message='1 != 2'>trace</failure>"


def test_tap_of_the_output(project: CommandProject) -> None:
    project.script(
        "echo 1..3; echo ok 1 - adds; echo noise; echo not ok 2 - fails; echo ok 3 - later '#' SKIP no net; exit 1"
    )
    result = project.run()
    assert outcomes(result) == {"tests::adds": PASSED, "tests::fails": FAILED, "tests::later": SKIPPED}
    assert result.is_complete
    assert not result.hint


def test_a_report_that_the_command_writes(project: CommandProject) -> None:
    project.script(f'echo "{BAD}" > "$1"; exit 1')
    result = project.run(ReportFormat.JUNIT, command="./run {report}")
    assert outcomes(result) == {"cart::adds": PASSED, "cart::fails": FAILED}
    assert result.results[1].message == "1 != 2"
    assert "trace" in result.results[1].traceback


def test_reports_of_many_files(project: CommandProject) -> None:
    project.script('echo "1..1\nok 1 - a" > "$1/one.t"; mkdir "$1/sub"; echo "1..1\nok 1 - a" > "$1/sub/two.t"')
    assert outcomes(project.run(command="./run {reports}")) == {"one.t::a": PASSED, "sub/two.t::a": PASSED}


def test_an_old_report_is_not_read(project: CommandProject) -> None:
    project.write("out/old.xml", BAD)
    project.script("exit 0")
    result = project.run(ReportFormat.JUNIT, report="out/*.xml")
    assert "wrote no report" in result.broken_reason
    project.script(f'echo "{GOOD}" > out/new.xml')
    assert outcomes(project.run(ReportFormat.JUNIT, report="out/*.xml")) == {
        "cart::adds": PASSED,
        "cart::fails": PASSED,
    }


def test_a_report_that_is_written_again_is_read(project: CommandProject) -> None:
    project.write("out/old.xml", GOOD)
    project.script(f'echo "{GOOD}" > out/old.xml')
    assert len(outcomes(project.run(ReportFormat.JUNIT, report="out/*.xml"))) == 2


def test_a_report_that_is_no_plain_file_is_not_read(project: CommandProject) -> None:
    project.script("mkfifo out.xml; exit 1")
    result = project.run(ReportFormat.JUNIT, report="*.xml", stats=known("cart::adds"))
    assert outcomes(result) == {".": ERRORED}


def test_exit_code_alone(project: CommandProject) -> None:
    project.script("echo all good")
    assert outcomes(project.run(ReportFormat.EXIT)) == {"tests::./run": PASSED}
    project.script("echo bad; exit 3")
    result = project.run(ReportFormat.EXIT)
    assert outcomes(result) == {"tests::./run": FAILED}
    assert result.results[0].message == "ended with exit code 3: bad"


# --- what is no test ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report_format", [ReportFormat.TAP, ReportFormat.EXIT])
def test_a_missing_program_is_no_failing_test(project: CommandProject, report_format: ReportFormat) -> None:
    result = project.run(report_format, command="no-such-program --all")
    assert result.broken_reason == "no-such-program cannot be started: No such file or directory"
    assert result.hint == "install it, or fix `command` in [tool.batchhook]"


@pytest.mark.parametrize("code", [126, 127])
@pytest.mark.parametrize("report_format", [ReportFormat.TAP, ReportFormat.EXIT])
def test_a_shell_that_cannot_run_a_command_is_no_failing_test(
    project: CommandProject, report_format: ReportFormat, code: int
) -> None:
    project.script(f"echo jest: not found >&2; exit {code}")
    assert "cannot be started: jest: not found" in project.run(report_format).broken_reason


def test_exit_code_125_means_that_it_cannot_be_tested(project: CommandProject) -> None:
    project.script("exit 125")
    assert "cannot be tested" in project.run(ReportFormat.EXIT).broken_reason


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kill_from_outside_says_nothing_about_the_tests(project: CommandProject, number: signal.Signals) -> None:
    project.script(f"echo 1..1; echo ok 1; kill -{int(number)} $$")
    assert f"was killed by {number.name}" in project.run().broken_reason


def test_a_crash_is_a_finding_beside_the_tests(project: CommandProject) -> None:
    project.script(f"echo 1..2; echo ok 1 - adds; kill -{int(signal.SIGSEGV)} $$")
    result = project.run()
    assert outcomes(result) == {"tests::adds": PASSED, ".": Outcome.CRASHED}
    assert result.results[-1].message.startswith("`./run` was killed by SIGSEGV")


def test_a_report_that_is_cut_short_is_a_finding(project: CommandProject) -> None:
    project.script(f"""printf "%s" "{GOOD[:-30]}" > "$1" """)
    result = project.run(ReportFormat.JUNIT, command="./run {report}")
    assert outcomes(result) == {"cart::adds": PASSED, ".": ERRORED}
    assert "its report is damaged" in result.results[-1].message


def test_a_failing_exit_code_beside_passing_tests_is_a_finding(project: CommandProject) -> None:
    project.script("echo 1..1; echo ok 1 - adds; echo coverage below 90 % >&2; exit 2")
    result = project.run()
    assert outcomes(result) == {"tests::adds": PASSED, ".": ERRORED}
    assert result.results[-1].message == "`./run` ended with exit code 2, although no test failed"
    assert "coverage below 90 %" in result.results[-1].traceback


def test_exit_code_0_beside_failing_tests_is_told(project: CommandProject) -> None:
    project.script("echo 1..1; echo not ok 1 - adds")
    result = project.run()
    assert outcomes(result) == {"tests::adds": FAILED}
    assert "ends with exit code 0 although 1 test failed" in result.hint


def test_no_tests_at_all_is_broken(project: CommandProject) -> None:
    project.script("echo no tests found >&2; exit 1")
    result = project.run()
    assert result.has_no_tests
    assert result.broken_reason == "`./run` ended with exit code 1 and reported no test: no tests found"


def test_no_tests_where_there_were_some_is_a_finding(project: CommandProject) -> None:
    project.script("echo SyntaxError in the configuration >&2; exit 1")
    result = project.run(stats=known("tests::adds"))
    assert outcomes(result) == {".": ERRORED}
    assert "SyntaxError" in result.results[0].message


def test_a_failing_build_is_one_finding(project: CommandProject) -> None:
    project.write("build", "#!/bin/sh\necho cart.c:3: error: expected a brace\nexit 2\n")
    project.script("echo 1..1; echo ok 1")
    result = project.run(build=("./build all",))
    assert outcomes(result) == {".": ERRORED}
    assert result.results[0].message == "`./build all` ended with exit code 2\ncart.c:3: error: expected a brace"


def test_what_is_built_is_there_for_the_command(project: CommandProject) -> None:
    project.write("build", '#!/bin/sh\necho "echo 1..1; echo ok 1 - built" > "$1/test"\n')
    result = project.run(build=("./build {build}",), command="sh {build}/test")
    assert outcomes(result) == {"tests::built": PASSED}


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_command_that_hangs_is_ended_with_all_that_it_started(project: CommandProject) -> None:
    project.script("echo 1..2; echo ok 1 - adds; sleep 300 & echo $! > child; wait")
    result = project.run(timeout=0.5)
    assert outcomes(result) == {"tests::adds": PASSED, ".": Outcome.TIMED_OUT}
    assert_ended(int((project.root / "child").read_text()))


def test_a_limit_of_the_search_says_nothing_about_the_tests(project: CommandProject) -> None:
    project.script("sleep 300")
    assert "did not end within 0.5 s" in project.run(timeout=60.0, run_limit=0.5).broken_reason


def test_a_cancelled_command_is_ended(project: CommandProject) -> None:
    project.script("echo $$ > child; sleep 300")
    token = CancelToken()
    timer = threading.Timer(0.5, token.cancel)
    timer.start()
    assert project.run(cancel=token).broken_reason == "the run was cancelled"
    timer.join()
    token.close()
    assert_ended(int((project.root / "child").read_text()))


def test_a_flood_of_output_is_ended(project: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_run, "MAX_OUTPUT", 1 << 20)
    project.script("exec yes")
    assert "printed more than 1 MB" in project.run().broken_reason


def assert_ended(pid: int) -> None:
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# --- some tests -------------------------------------------------------------------------------------------------------

SELECTIVE = """\
echo "$@" >> calls
for name in ${@:-a b c}; do
    case $name in a|b|c) echo "ok - $name"; n=$((n + 1));; esac
done
echo 1..$n
"""


def test_some_tests_are_selected(project: CommandProject) -> None:
    project.script(SELECTIVE)
    result = project.run(ReportFormat.TAP, "tests::b", select="./run {name}", from_other_tree=True)
    assert outcomes(result) == {"tests::b": PASSED}
    assert (project.root / "calls").read_text() == "b\n"


def test_without_a_way_to_select_all_run_and_are_told(project: CommandProject) -> None:
    project.script("echo 1..2; echo ok - a; echo not ok - b; exit 1")
    result = project.run(ReportFormat.TAP, "tests::a", "tests::c", from_other_tree=True)
    assert outcomes(result) == {"tests::a": PASSED, "tests::b": FAILED}
    assert set(result.absent) == {"tests::c"}
    assert result.known_ids == {"tests::a", "tests::b"}


def test_a_selection_that_does_not_show_a_test_is_checked_by_a_whole_run(project: CommandProject) -> None:
    project.script(SELECTIVE.replace("a|b|c", "a|b"))
    result = project.run(ReportFormat.TAP, "tests::a", "tests::c", select="./run {name}", from_other_tree=True)
    assert result.absent == {"tests::c": ()}
    assert (project.root / "calls").read_text() == "a c\n\n"


def test_a_test_is_untestable_where_the_build_fails(project: CommandProject) -> None:
    project.script("exit 0")
    result = project.run(ReportFormat.TAP, "tests::a", ".", build=("false",), from_other_tree=True)
    assert outcomes(result) == {".": ERRORED}
    assert result.untestable == ("tests::a",)


def test_what_can_be_built_passes(project: CommandProject) -> None:
    project.script("echo 1..1; echo ok - a")
    result = project.run(ReportFormat.TAP, ".", "./cart", build=("true",), from_other_tree=True)
    assert outcomes(result)["."] is PASSED
    assert "./cart" in result.absent


def test_a_folder_that_another_tree_does_not_have_makes_tests_absent(project: CommandProject) -> None:
    result = project.run(ReportFormat.TAP, "tests::a", root=project.root / "gone", from_other_tree=True)
    assert set(result.absent) == {"tests::a"}


def test_words_name_tests_by_class_or_id(project: CommandProject) -> None:
    project.script(f'echo "{BAD}" > "$1"; exit 1')
    options = {"command": "./run {report}"}
    assert outcomes(project.run(ReportFormat.JUNIT, "cart", **options)) == {"cart::adds": PASSED, "cart::fails": FAILED}
    assert outcomes(project.run(ReportFormat.JUNIT, "cart::adds", **options)) == {"cart::adds": PASSED}
    result = project.run(ReportFormat.JUNIT, "cart::addz", **options)
    assert result.broken_reason == "None of the selected tests exists."
    assert "cart::adds" in result.hint


def test_a_missing_program_of_the_project_is_looked_up_on_the_path(project: CommandProject) -> None:
    project.write("bin/jest", "#!/bin/sh\necho 1..1; echo ok - installed\n")
    environment = {"PATH": f"{project.root}/bin:{os.environ['PATH']}"}
    result = project.run(command="node_modules/.bin/jest", environment=environment)
    assert outcomes(result) == {"tests::installed": PASSED}


def test_absolute_paths_of_the_checkout_are_in_no_id(project: CommandProject) -> None:
    project.script("echo \"<testsuite><testcase classname='$PWD/cart.js' name='adds'/></testsuite>\" > \"$1\"")
    assert outcomes(project.run(ReportFormat.JUNIT, command="./run {report}")) == {"cart.js::adds": PASSED}


def test_a_program_that_dies_among_others_is_a_finding_of_its_own(project: CommandProject) -> None:
    project.script('echo "1..1\nok 1 - a" > "$1/one.t"; echo "1..2\nok 1 - a" > "$1/two.t"; exit 1')
    assert outcomes(project.run(command="./run {reports}")) == {
        "one.t::a": PASSED,
        "two.t::a": PASSED,
        "./two.t": ERRORED,
    }


def test_a_file_of_tests_that_ends_early_is_a_finding_of_its_own(project: CommandProject) -> None:
    project.script('echo "1..1\nok 1 - a" > "$1/one.t"; echo "1..2\nok 1 - b" > "$1/two.t"; > "$1/three.t"; exit 1')
    result = project.run(command="./run {reports}")
    assert outcomes(result) == {"one.t::a": PASSED, "two.t::b": PASSED, "./two.t": ERRORED, "./three.t": ERRORED}
    assert {each.test_id: each.message for each in result.results}["./two.t"].endswith("planned 2, saw 1")


def test_tests_that_bail_out_are_a_finding_of_everything(project: CommandProject) -> None:
    project.script('echo "1..2\nok 1 - a\nBail out! no database" > "$1/one.t"; exit 1')
    assert outcomes(project.run(command="./run {reports}")) == {"one.t::a": PASSED, ".": ERRORED}


def test_a_module_has_loaded_where_a_class_in_it_has_tests(project: CommandProject) -> None:
    project.script("echo \"<testsuite><testcase classname='tests.test_cart.CartTest' name='adds'/></testsuite>\" > $1")
    asked = ("./tests.test_cart", "./tests.test_car")
    result = project.run(ReportFormat.JUNIT, *asked, command="./run {report}", from_other_tree=True)
    assert outcomes(result) == {"tests.test_cart.CartTest::adds": PASSED, "./tests.test_cart": PASSED}
    assert set(result.absent) == {"./tests.test_car"}


def test_tests_of_a_module_that_cannot_be_loaded_are_untestable(project: CommandProject) -> None:
    case = "<testcase classname='cart' name='cart'><error/></testcase>"
    project.script(f"echo \"<testsuite name='cart'>{case}</testsuite>\" > $1; exit 1")
    asked = ("cart.CartTest::adds", "basket.BasketTest::adds")
    result = project.run(ReportFormat.JUNIT, *asked, command="./run {report}", from_other_tree=True)
    assert outcomes(result) == {"./cart": ERRORED}
    assert result.untestable == ("cart.CartTest::adds",)
    assert set(result.absent) == {"basket.BasketTest::adds"}


def test_a_program_of_the_project_that_is_not_there_asks_for_its_dependencies(project: CommandProject) -> None:
    result = project.run(command="node_modules/.bin/no-such-program")
    assert result.broken_reason == "node_modules/.bin/no-such-program cannot be started: No such file or directory"
    assert result.hint.startswith("install the project's dependencies first")


def test_places_are_filled_in_for_variables_of_all_commands(project: CommandProject) -> None:
    project.script('echo "$1 $CACHE" >> calls; [ "$1" = build ] || { echo 1..1; echo "ok - a"; }')
    project.run(
        command="./run test", build=("./run build",), env={"CACHE": "{cache}/x"}, cache=project.scratch / "kept"
    )
    assert (project.root / "calls").read_text().splitlines() == [
        f"build {project.scratch}/kept/x",
        f"test {project.scratch}/kept/x",
    ]


def test_in_place_a_preset_does_not_move_what_is_built(project: CommandProject) -> None:
    project.script('echo "${CACHE-unset}" > calls; echo 1..1; echo "ok - a"')
    project.run(env={"CACHE": "{cache}/x"})
    assert (project.root / "calls").read_text() == "unset\n"


def test_a_selection_of_nothing_is_checked_by_a_whole_run(project: CommandProject) -> None:
    """Tools end with 0, and an empty report, where no test has that name: the test does not exist there."""
    project.script(f'[ -n "$2" ] && echo "<testsuite/>" > "$1" || echo "{GOOD}" > "$1"')
    options = {"command": "./run {report}", "select": "./run {report} {name}", "from_other_tree": True}
    result = project.run(ReportFormat.JUNIT, "cart::gone", **options)
    assert outcomes(result) == {"cart::adds": PASSED, "cart::fails": PASSED}
    assert set(result.absent) == {"cart::gone"}
