"""Faults of the tools themselves, which their reports show, and ours do not."""

from __future__ import annotations

import io
import json
from pathlib import Path

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.go_json import read_go_json
from batchhook.engines.command.reports.jest_json import read_jest_json
from batchhook.engines.command.reports.junit import read_junit

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


def events(*lines: dict[str, str]) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps({"Package": "cart", **line}) + "\n" for line in lines).encode())


def output(test: str, text: str) -> dict[str, str]:
    return {"Action": "output", "Test": test, "Output": text}


def test_the_end_of_a_go_test_that_printed_no_newline() -> None:
    """Go before 1.20 reports no event for it (https://go.dev/issue/26325)."""
    report = events(
        {"Action": "run", "Test": "TestA"},
        output("TestA", "some output--- PASS: TestA (0.25s)\n"),
        {"Action": "run", "Test": "TestB"},
        output("TestB", "TestA says --- PASS: TestA (0.00s)\n"),
        output("TestB", "more--- FAIL: TestB (0.00s)\n"),
        {"Action": "fail"},
    )
    cases = list(read_go_json(report))
    assert [(case.name, case.outcome, case.seconds) for case in cases] == [
        ("TestA", PASSED, 0.25),
        ("TestB", FAILED, 0.0),
    ]


def test_the_end_of_a_go_test_in_a_package_that_passes() -> None:
    report = events(output("TestA", "some output--- PASS: TestA (0.00s)\n"), {"Action": "pass"})
    assert [(case.name, case.outcome) for case in read_go_json(report)] == [("TestA", PASSED)]


def test_an_end_in_the_output_beside_its_event_is_no_second_test() -> None:
    report = events(
        output("TestA", "I print --- FAIL: TestA (0.00s)\n"),
        {"Action": "pass", "Test": "TestA"},
        {"Action": "pass"},
    )
    assert [(case.name, case.outcome) for case in read_go_json(report)] == [("TestA", PASSED)]


def names(report: str) -> list[tuple[str, str]]:
    return [(case.class_name, case.name) for case in read_junit(io.BytesIO(report.encode()))]


def test_names_after_a_bats_file_that_cannot_be_loaded() -> None:
    """bats 1.8 counts wrong then, and leaves a part of its own messages before each name."""
    case = '<testcase classname="cart.bats" name="begin 5 begin 1 is kept" time="0"/>'
    assert names(f'<testsuites time="1"><testsuite name="cart.bats">{case}</testsuite></testsuites>') == [
        ("cart.bats", "begin 1 is kept")
    ]


def test_quotation_marks_in_reports_of_node() -> None:
    """node's reporter escapes them twice."""
    case = '<testcase name="of &amp;quot;one&amp;quot;" time="0" classname="test"/>'
    report = f'<testsuites><testsuite name="of &amp;quot;many&amp;quot;">{case}</testsuite></testsuites>'
    assert names(report) == [('of "many"', 'of "one"')]


def test_stacks_of_jest_are_without_jest() -> None:
    kept = "Error: expected 3\n    at Object.toBe (test/cart.js:4:52)\n    at helper (node_modules/lodash/a.js:1:2)"
    stack = (
        f"{kept}\n    at callAsyncCircusFn (/project/node_modules/jest-circus/build/index.js:1774:10)\n"
        "    at file:///project/node_modules/@vitest/runner/dist/index.js:1:1\n    at new Promise (<anonymous>)\n"
        "    at processTicksAndRejections (node:internal/process/task_queues:95:5)"
    )
    test = {"title": "adds", "status": "failed", "failureMessages": [stack]}
    report = {"testResults": [{"name": "/project/test/cart.test.js", "assertionResults": [test]}]}
    (case,) = read_jest_json(io.BytesIO(json.dumps(report).encode()), root=Path("/project"))
    assert case.details == kept
