"""Dialects of tools that were not at hand, as their documentation and sources describe them; no tool wrote these."""

from __future__ import annotations

from tests.engines.command.reports.reading import READERS, outlines, read

NEXTEST = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="6" failures="4" errors="0" uuid="45c50042-482e-477e-88a2-60cfcc3eaf95" time="0.5">
  <testsuite name="crate::it" tests="6" disabled="0" errors="0" failures="4">
    <testcase name="works" classname="crate::it" timestamp="2026-01-09T07:50:12.665+00:00" time="0.004"></testcase>
    <testcase name="flaky" classname="crate::it" time="0.004">
      <flakyFailure time="0.003" message="thread 'flaky' panicked at tests/it.rs:9:5" type="test failure">text
        <system-out>running 1 test</system-out></flakyFailure>
    </testcase>
    <testcase name="fails" classname="crate::it" time="0.004">
      <failure message="thread 'fails' (77) panicked at tests/it.rs:19:5" type="test failure with exit code 101">
thread 'fails' (77) panicked at tests/it.rs:19:5:
assertion failed: 1 &gt; 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace</failure>
      <rerunFailure time="0.004" type="test failure">again<system-err>noise</system-err></rerunFailure>
    </testcase>
    <testcase name="strictly" classname="crate::it" time="0.004">
      <failure message="test passed on attempt 2/3 but is configured to fail when flaky" type="flaky failure"/>
      <flakyFailure time="0.003" type="test failure">text</flakyFailure>
    </testcase>
    <testcase name="hangs" classname="crate::it" time="60"><failure type="test timeout"/></testcase>
    <testcase name="aborts" classname="crate::it" time="0.1"><failure type="test abort with signal 6"/></testcase>
  </testsuite>
</testsuites>"""


def test_nextest() -> None:
    assert outlines(READERS["junit"], NEXTEST) == [
        "passed | crate::it | works",
        "passed | crate::it | flaky | flaky",
        "failed | crate::it | fails | assertion failed: 1 > 2",
        "failed | crate::it | strictly | test passed on attempt 2/3 but is configured to fail when flaky | flaky",
        "timed out | crate::it | hangs",
        "crashed | crate::it | aborts",
    ]


def test_junit_of_dotnet() -> None:
    report = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="App.Tests.dll" tests="3" skipped="1" failures="1" errors="0" time="1.234,5">
  <testcase classname="App.Tests.Sums" name="Adds(a: 1, b: 2)" time="0,0123" />
  <testcase classname="App.Tests.Sums" name="Fails" time="1,234.5"><failure type="failure" \
message="Assert.Equal() Failure&#xA;Expected: 1&#xA;Actual:   2">   at App.Tests.Sums.Fails() in /src/Sums.cs:line 9\
</failure></testcase>
  <testcase classname="App.Tests.Sums" name="Later" time="NaN"><skipped message="not now" /></testcase>
  <system-out>Junit Logger does not log standard output for this run.</system-out>
</testsuite></testsuites>"""
    assert outlines(READERS["junit"], report) == [
        "passed | App.Tests.Sums | Adds(a: 1, b: 2)",
        "failed | App.Tests.Sums | Fails | Assert.Equal() Failure",
        "skipped | App.Tests.Sums | Later | not now",
    ]
    assert [case.seconds for case in read(READERS["junit"], report)] == [0.0123, 1234.5, 0.0]


TRX = """<?xml version="1.0" encoding="UTF-8"?>
<TestRun id="3e5652b8" name="@host 2026-01-22" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">
  <Times creation="2026-01-22T23:28:25.8+05:30" finish="2026-01-22T23:28:26.1+05:30" />
  <Results>
    <UnitTestResult testId="t1" testName="App.Sums.Adds(a: 1.5)" duration="00:00:01.5000000" outcome="Passed">
      <Output><StdOut>printed</StdOut></Output>
    </UnitTestResult>
    <UnitTestResult testId="t2" testName="Fails" duration="1.02:03:04.5" outcome="Failed">
      <Output><StdOut>noise</StdOut><ErrorInfo>
        <Message>System.InvalidOperationException : bad \\u001b[31mred\\u001b[0m</Message>
        <StackTrace>   at App.Sums.Check(Int32 n)
   bei App.Sums.Fails() in C:\\src\\Sums.cs:Zeile 42</StackTrace>
      </ErrorInfo></Output>
    </UnitTestResult>
    <UnitTestResult testId="t3" testName="Rows" outcome="Failed" resultType="DataDrivenTest"><InnerResults>
      <UnitTestResult testId="t3" testName="Rows (Data Row 0)" outcome="Passed" resultType="DataDrivenDataRow"/>
      <UnitTestResult testId="t3" testName="Rows (Data Row 1)" outcome="Failed" resultType="DataDrivenDataRow"/>
    </InnerResults></UnitTestResult>
    <UnitTestResult testId="t4" testName="Unknown.Class.Skipped" outcome="NotExecuted">
      <Output><ErrorInfo><Message>not now</Message></ErrorInfo></Output>
    </UnitTestResult>
    <UnitTestResult testId="t2" testName="Late" outcome="Timeout" duration="nonsense"/>
    <UnitTestResult testId="t2" testName="Unsaid"/>
  </Results>
  <TestDefinitions>
    <UnitTest name="App.Sums.Adds(a: 1.5)" id="t1"><Execution id="e"/>
      <TestMethod codeBase="/src/App.dll" adapterTypeName="executor://xunit" className="App.Sums" name="Adds" />
    </UnitTest>
    <UnitTest name="Fails" id="t2"><TestMethod className="App.Sums, App, Version=1.0.0.0" name="Fails" /></UnitTest>
    <UnitTest name="Rows" id="t3"><TestMethod className="App.Data" name="Rows" /></UnitTest>
  </TestDefinitions>
  <ResultSummary outcome="Failed"><Counters total="7" executed="6" passed="2" failed="4"/>
    <RunInfos>
      <RunInfo computerName="host" outcome="Warning" timestamp="2026"><Text>No test matches.</Text></RunInfo>
      <RunInfo computerName="host" outcome="Error" timestamp="2026"><Text>The active test run was aborted.
Reason: Test host process crashed</Text></RunInfo>
    </RunInfos>
  </ResultSummary>
</TestRun>
"""
"""Of the loggers of vstest for xUnit, MSTest and NUnit; on a machine in German."""


def test_trx() -> None:
    assert outlines(READERS["trx"], TRX.encode()) == [
        "passed | App.Sums | Adds(a: 1.5)",
        "failed | App.Sums | Fails | InvalidOperationException: bad red | C:\\src\\Sums.cs:42",
        "passed | App.Data | Rows (Data Row 0)",
        "failed | App.Data | Rows (Data Row 1)",
        "skipped | Unknown.Class | Skipped | not now",
        "timed out | App.Sums | Late",
        "errored | App.Sums | Unsaid",
        "errored |  |  | The active test run was aborted.",
    ]
    seconds = [case.seconds for case in read(READERS["trx"], TRX.encode())]
    assert seconds == [1.5, 93784.5, 0, 0, 0, 0, 0, 0]


GO_124 = b"""\
{"ImportPath":"m/bad [m/bad.test]","Action":"build-output","Output":"# m/bad [m/bad.test]\\n"}
{"ImportPath":"m/bad [m/bad.test]","Action":"build-output","Output":"bad/bad_test.go:3:11: undefined: y\\n"}
{"ImportPath":"m/bad [m/bad.test]","Action":"build-fail"}
{"Time":"2026-01-01T00:00:00Z","Action":"start","Package":"m/bad"}
{"Time":"2026-01-01T00:00:00Z","Action":"output","Package":"m/bad","Output":"FAIL\\tm/bad [build failed]\\n"}
{"Time":"2026-01-01T00:00:00Z","Action":"fail","Package":"m/bad","Elapsed":0,"FailedBuild":"m/bad [m/bad.test]"}
{"Action":"start","Package":"m/none"}
{"Action":"output","Package":"m/none","Output":"?   \\tm/none\\t[no test files]\\n"}
{"Action":"skip","Package":"m/none","Elapsed":0}
{"Action":"start","Package":"m/slow"}
{"Action":"run","Package":"m/slow","Test":"TestA"}
{"Action":"output","Package":"m/slow","Test":"TestA","Output":"=== RUN   TestA\\n"}
{"Action":"output","Package":"m/slow","Test":"TestA","Output":"=== PAUSE TestA\\n"}
{"Action":"pause","Package":"m/slow","Test":"TestA"}
{"Action":"run","Package":"m/slow","Test":"TestB"}
{"Action":"run","Package":"m/slow","Test":"TestB/sub"}
{"Action":"output","Package":"m/slow","Test":"TestB/sub","Output":"panic: test timed out after 1s\\n"}
{"Action":"output","Package":"m/slow","Test":"TestB/sub","Output":"\\trunning tests:\\n"}
{"Action":"output","Package":"m/slow","Test":"TestB/sub","Output":"\\t\\tTestB/sub (1s)\\n"}
{"Action":"output","Package":"m/slow","Test":"TestB/sub","Output":"\\n"}
{"Action":"output","Package":"m/slow","Test":"TestB/sub","Output":"goroutine 17 [running]:\\n"}
{"Action":"output","Package":"m/slow","Output":"FAIL\\tm/slow\\t1.005s\\n"}
{"Action":"fail","Package":"m/slow","Elapsed":1.005}
{"Action":"start","Package":"m/main"}
{"Action":"output","Package":"m/main","Output":"cannot start: no database\\n"}
{"Action":"output","Package":"m/main","Output":"FAIL\\tm/main\\t0.005s\\n"}
{"Action":"fail","Package":"m/main","Elapsed":0.005}
{"Action":"start","Package":"m/ok"}
{"Action":"run","Package":"m/ok","Test":"TestA"}
{"Action":"attr","Package":"m/ok","Test":"TestA","Key":"k","Value":"v"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"=== RUN   TestA\\n"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"    a_test.go:10: \\n"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"        \\tError Trace:\\t/src/a_test.go:10\\n"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"        \\tError:      \\tNot equal: \\n"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"        \\t            \\texpected: 1\\n"}
{"Action":"output","Package":"m/ok","Test":"TestA","Output":"        \\tTest:       \\tTestA\\n"}
{"Action":"fail","Package":"m/ok","Test":"TestA","Elapsed":0.25}
{"Action":"fail","Package":"m/ok","Elapsed":0.3}
"""


def test_go_since_1_24() -> None:
    cases = read(READERS["go"], GO_124)
    assert outlines(READERS["go"], GO_124) == [
        "errored | m/bad |  | bad/bad_test.go:3:11: undefined: y | bad/bad_test.go:3",
        "timed out | m/slow | TestB | panic: test timed out after 1s",
        "timed out | m/slow | TestB/sub | panic: test timed out after 1s",
        "errored | m/main |  | cannot start: no database",
        "failed | m/ok | TestA | Not equal: | a_test.go:10",
    ]
    assert cases[-1].message == "Not equal:\nexpected: 1"
    assert cases[-1].seconds == 0.25


def test_go_cannot_list_packages() -> None:
    report = b"go: go.mod file not found in current directory or any parent directory; see 'go help modules'\n"
    assert outlines(READERS["go"], report) == [
        "errored |  |  | go: go.mod file not found in current directory or any parent directory; see 'go help modules'"
    ]


CARGO_OLD = b"""\
   Compiling foo v0.1.0 (/project)
warning: unused variable: `x`
 --> src/lib.rs:2:9
    Finished test [unoptimized + debuginfo] target(s) in 0.50s
     Running unittests (target/debug/deps/foo-0123456789abcdef)

running 3 tests
test tests::a ... ok
test tests::b ... FAILED
test tests::bench ... bench:       1,234 ns/iter (+/- 56)

failures:

---- tests::b stdout ----
thread 'tests::b' panicked at 'it is
not so', src/lib.rs:12:9
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::b

test result: FAILED. 1 passed; 1 failed; 0 ignored; 1 measured; 0 filtered out; finished in 0.00s

     Running target\\debug\\deps\\it-0123456789abcdef.exe

running 1 test
"""


def test_cargo_before_1_73() -> None:
    dies = CARGO_OLD + b"error: test failed, to rerun pass '--test it'\n"
    assert outlines(READERS["libtest"], dies) == [
        "passed | foo | tests::a",
        "passed | foo | tests::bench",
        "failed | foo | tests::b | it is | src/lib.rs:12",
        "crashed | it |  | the process of the tests ended before they did",
    ]


def test_tap_14_of_node_tap() -> None:
    report = b"""TAP version 14
ok 1 - simple # time=12.5ms
not ok 2 - with diagnostics # time=3ms
  ---
  at:
    fileName: test/a.js
    lineNumber: 9
  message: "should be \\"equal\\""
  compare: ===
  ...
ok 3 - group # time=20ms {
    ok 1 - in braces
    1..1
}
    # Subtest: announced inside
    ok 1 - child
    1..1
ok 4 - announced inside
    ok 1 - bare
    not ok 2 - fails
    1..2
not ok 5 - named afterwards
    1..2
    ok 1 - only one
not ok 6 - bad plan
pragma +strict
ok 7 escaped \\# hash and \\\\ backslash # Todo: some day
1..7
"""
    cases = read(READERS["tap"], report)
    assert outlines(READERS["tap"], report) == [
        "passed |  | simple",
        'failed |  | with diagnostics | should be "equal"',
        "passed |  | group > in braces",
        "passed |  | announced inside > child",
        "passed |  | named afterwards > bare",
        "failed |  | named afterwards > fails",
        "passed |  | bad plan > only one",
        "failed |  | bad plan",
        "xpassed |  | escaped # hash and \\ backslash | some day",
    ]
    assert [case.seconds for case in cases[:2]] == [0.0125, 0.003]
