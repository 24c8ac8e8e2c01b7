"""Workflow commands: whatever tests are called and say, the runner obeys nothing but what batchhook says."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import suppress

from hypothesis import given, settings, strategies as st

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.comparison import compare
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.report.ci import github, gitlab, markdown_summary
from batchhook.report.ci.provider import CiProvider, detect_provider, folded

ANY = st.text(st.characters(exclude_categories=[]), max_size=30)
NASTY = st.one_of(
    ANY, st.sampled_from(["::error::no", "a\n::set-output name=x::y", "a,b:c%0A", "##[error]no", "x=%25"])
)


def ci_run(results: list[TestResult], **fields: object) -> CiRun:
    verdict = Verdict.FAILED if any(one.outcome.is_failure for one in results) else Verdict.PASSED
    return CiRun("1" * 40, 0.0, SuiteResult(tuple(results), 1.0), verdict, **fields)  # type: ignore[arg-type]


def failed(name: str, **fields: str) -> TestResult:
    return TestResult(name, "m", Outcome.FAILED, **fields)  # type: ignore[arg-type]


def obeyed(log: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """The commands in a log, as GitHub's runner reads them (its ActionCommand.cs): name, properties, data."""
    stopped = ""
    for line in log.split("\n"):
        match = re.match(r"\s*::(?P<name>[^ :]+)(?: (?P<given>.*?))?::(?P<data>.*)", line.removesuffix("\r"), re.DOTALL)
        if match is None:
            continue
        if stopped:
            stopped = "" if match["name"] == stopped else stopped
            continue
        if match["name"] == "stop-commands":
            stopped = match["data"]
            continue
        given = dict(pair.split("=", 1) for pair in (match["given"] or "").split(",") if pair)
        yield match["name"], {key: unescaped(value) for key, value in given.items()}, unescaped(match["data"])


def unescaped(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_a_failure_is_marked_where_it_is() -> None:
    result = failed("m.T.test_a", error_type="ValueError", message="100%, really: no\nno", location="a/b,c:d.py:7")
    (line,) = github.annotate_failures(ci_run([result]))
    assert line == "::error file=a/b%2Cc%3Ad.py,line=7,title=m.T.test_a::ValueError: 100%25, really: no no"
    assert list(obeyed(line)) == [
        ("error", {"file": "a/b,c:d.py", "line": "7", "title": "m.T.test_a"}, "ValueError: 100%, really: no no")
    ]


@settings(max_examples=200, deadline=None)
@given(NASTY, NASTY, NASTY, NASTY)
def test_any_texts_make_one_command(name: str, error: str, message: str, location: str) -> None:
    result = failed(name, error_type=error, message=message, location=location)
    (line,) = github.annotate_failures(ci_run([result]))
    line.encode()
    ((command, given, _),) = obeyed(line)
    assert "\n" not in line
    assert command == "error"
    assert given.keys() <= {"file", "line", "title"}


@settings(max_examples=200, deadline=None)
@given(st.lists(NASTY))
def test_commands_in_a_fold_are_not_obeyed(texts: list[str]) -> None:
    stream = io.StringIO()
    with folded(stream, CiProvider.GITHUB, "tests"):
        stream.write("\n".join(texts) + "\n")
    stream.write("::notice::after\n")
    assert [name for name, _, _ in obeyed(stream.getvalue())] == ["group", "endgroup", "notice"]


def test_a_fold_ends_whatever_happens() -> None:
    streams = [io.StringIO(), io.StringIO(), io.StringIO()]
    for stream, service in zip(streams, CiProvider, strict=True):
        with suppress(KeyboardInterrupt), folded(stream, service, "some tests"):
            raise KeyboardInterrupt
    nothing, on_github, on_gitlab = (stream.getvalue() for stream in streams)
    assert nothing == ""
    assert on_github.endswith("::endgroup::\n")
    pattern = "\x1b\\[0Ksection_(start|end):\\d+:batchhook_sometests\r\x1b\\[0K"
    assert re.findall(pattern, on_gitlab) == ["start", "end"]


def test_at_most_ten_of_a_kind_newest_first() -> None:
    old = [failed(f"m.T.test_old_{number}") for number in range(12)]
    new = [failed(f"m.T.test_new_{number}") for number in range(11)]
    results = [*old, *new]
    run = ci_run(results, baseline=CiBaseline("b", "", tuple(old)), comparison=compare(results, old))
    found = list(obeyed("\n".join(github.annotate_failures(run))))
    assert [name for name, _, _ in found] == ["error"] * 10 + ["warning"] * 10
    assert found[0][2] == "failed\nnewly failing since the baseline"
    assert found[9][1]["title"] == "2 more failing tests"
    assert found[19][1]["title"] == "3 more failing tests"


def test_a_suite_that_cannot_run_is_one_error() -> None:
    broken = CiRun("", 0.0, SuiteResult(broken_reason="no tests", hint="look: here"), Verdict.BROKEN)
    assert list(github.annotate_failures(broken)) == ["::error title=The suite could not be run::no tests%0Alook: here"]


def test_outputs_are_numbers_and_words_of_ours() -> None:
    told = github.outputs(ci_run([failed("x\ny=z")]))
    assert dict(line.split("=") for line in told.splitlines())["failed"] == "1"
    assert "y" not in [line.split("=")[0] for line in told.splitlines()]


def test_a_summary_is_never_longer_than_github_takes() -> None:
    results = [failed("ä" * 1000 + str(number), message="ö" * 2000, traceback="ü" * 16_000) for number in range(3000)]
    whole = markdown_summary.markdown(ci_run(results))
    cut = github.step_summary(whole + "ü" * github.MAX_SUMMARY)
    assert github.MAX_SUMMARY - 4 <= len(cut) <= github.MAX_SUMMARY
    cut.decode()
    assert github.step_summary(whole) == whole.encode()


def test_providers_are_detected_by_their_variables() -> None:
    assert detect_provider({}) is CiProvider.NONE
    assert detect_provider({"GITHUB_ACTIONS": "true"}) is CiProvider.GITHUB
    assert detect_provider({"GITLAB_CI": "true"}) is CiProvider.GITLAB


def test_gitlab_gets_one_issue_for_each_failing_test_with_a_place() -> None:
    results = [
        failed("m.T.test_a", message="x\x1b[0m", location="a.py:3"),
        failed("m.T.test_a", location="a.py:4"),
        failed("m.T.test_b", location="b\udcff.py:1"),
        failed("m.T.test_c"),
        TestResult("m.T.test_d", "m", Outcome.PASSED),
    ]
    issues = [issue.model_dump() for issue in gitlab.code_quality(ci_run(results))]
    assert [issue["location"]["path"] for issue in issues] == ["a.py", "b\\xff.py"]
    assert issues[0]["description"] == "m.T.test_a failed: x [0m"
    assert {issue["severity"] for issue in issues} == {"major"}
    assert len({issue["fingerprint"] for issue in issues}) == 2
