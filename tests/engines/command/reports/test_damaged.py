"""Reports are outside data: cut short, hostile, huge or senseless ones end in a clean error, in bounded memory."""

from __future__ import annotations

import io
import os
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings, strategies as st

from batchhook.engines.command.reports.case import MAX_NAME, MAX_TEXT, ReportedCase, ReportError
from tests.engines.command.reports.reading import CORPUS, READERS, read, read_damaged
from tests.engines.command.reports.test_corpus import REPORTS, reader_of
from tests.engines.command.reports.test_documented import CARGO_OLD, GO_124, NEXTEST, TRX

INPUTS = int(os.environ.get("FUZZ_INPUTS", "150"))
WHOLE = {
    "junit": NEXTEST,
    "trx": TRX.encode(),
    "tap": (CORPUS / "prove/a.t").read_bytes(),
    "go": GO_124,
    "jest": b'{"testResults":[{"assertionResults":[{"ancestorTitles":["a"],"title":"b","status":"passed"},'
    b'{"ancestorTitles":[],"title":"\\u00e9\\ud83d\\ude00","status":"failed","failureMessages":["Error: x\\n at y"]}],'
    b'"message":"","name":"/project/a.js","status":"failed"},{"assertionResults":[],"message":"broken",'
    b'"name":"/project/b.js","status":"failed"}],"numTotalTests":2}\n',
    "rspec": (CORPUS / "rspec/unloadable.json").read_bytes(),
    "libtest": CARGO_OLD
    + b"test c ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n"
    b"error: 1 target failed:\n",
    "unittest": b"test_a (m.C.test_a) ... ok\ntest_b (m.C.test_b)\nDescription. ... FAIL\n\n" + b"=" * 70 + b"\n"
    b"FAIL: test_b (m.C.test_b)\nDescription.\n" + b"-" * 70 + b"\nTraceback (most recent call last):\n"
    b'  File "m.py", line 3, in test_b\nAssertionError: why\n\n'
    + b"-" * 70
    + b"\nRan 2 tests in 0.1s\n\nFAILED (failures=1)\n",
}
"""A whole report of each format, with failures."""


def identity(case: ReportedCase) -> tuple[str, str, str]:
    return case.class_name, case.name, case.outcome.value


def check_bounds(cases: list[ReportedCase]) -> None:
    for case in cases:
        for name in (case.class_name, case.name, case.file):
            assert len(name) <= MAX_NAME
            assert name.isprintable()
        for text in (case.message, case.details):
            assert len(text) <= MAX_TEXT
            assert all(each.isprintable() or each in "\n\t" for each in text)
        assert 0 <= case.seconds < float("inf")
        assert case.line >= 0


@pytest.mark.parametrize("form", WHOLE)
def test_truncated_at_every_byte(form: str) -> None:
    """What is read of a part is what the whole begins with; a case too few is told."""
    reader, report = READERS[form], WHOLE[form]
    whole = read(reader, report)
    assert len(whole) >= (1 if form == "rspec" else 2)
    silent = []
    for length in range(len(report)):
        cases, error = read_damaged(reader, report[:length])
        assert [identity(case) for case in cases] == [identity(case) for case in whole][: len(cases)], length
        assert cases[:-1] == whole[: max(len(cases) - 1, 0)], length
        if not error and len(cases) < len(whole):
            silent.append(length)
    if form == "libtest":
        # Between two test binaries nothing tells that another one follows.
        assert all(report[:length].endswith(b"\n") for length in silent)
        assert len(silent) < 20
    elif form == "go":
        # Nor does a list of packages begin with their number.
        assert all(report[:length].endswith(b"}\n") for length in silent)
    else:
        assert not silent


@pytest.mark.parametrize("report", REPORTS)
def test_truncated_at_some_bytes(report: str) -> None:
    reader, data = reader_of(report), (CORPUS / report).read_bytes()
    whole, _ = read_damaged(reader, data)
    for length in range(0, len(data), max(len(data) * 12 // min(INPUTS, 2_000), 1)):
        cases, _ = read_damaged(reader, data[:length])
        assert [identity(case) for case in cases] == [identity(case) for case in whole][: len(cases)], length


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE testsuites [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuites><testsuite name="&b;"><testcase name="x"/></testsuite></testsuites>"""


@pytest.mark.parametrize("form", ["junit", "trx"])
@pytest.mark.parametrize(
    "doctype",
    [
        BOMB,
        b'<!DOCTYPE testsuites SYSTEM "file:///etc/passwd"><testsuites/>',
        b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1/"> %e;]><testsuites/>',
    ],
)
def test_no_document_type(form: str, doctype: bytes) -> None:
    cases, error = read_damaged(READERS[form], doctype)
    assert cases == []
    assert "DTD" in error


SUITE = b'<testsuites><testsuite name="s">%b</testsuite></testsuites>'


def in_suite(content: str, encoding: str = "utf-8") -> list[ReportedCase]:
    return read(READERS["junit"], SUITE % content.encode(encoding, "surrogateescape"))


def test_characters_that_xml_forbids() -> None:
    text = "\x1b[1mbold\x1b[0m &#27;[0m&#0;&#xD800;"
    (case,) = in_suite(f'<testcase name="a\x00b\udcff&#x1b;[31mred"><failure>{text}</failure></testcase>')
    assert (case.name, case.message) == ("a b\ufffdred", "bold")


@pytest.mark.parametrize("split", range(1, 13))
def test_references_across_pieces(split: int) -> None:
    padding = " " * (64 * 1024 - len('<testsuites><testsuite name="s"><testcase name="') - split)
    (case,) = in_suite(f'{padding}<testcase name="&#x0000001b;[31mred &amp; blue"/>')
    assert case.name == "red & blue"


@pytest.mark.parametrize("form", WHOLE)
def test_utf_16(form: str) -> None:
    """PowerShell writes what it redirects so."""
    reader = READERS[form]
    text = WHOLE[form].decode().replace('encoding="UTF-8"', 'encoding="utf-16"')
    assert read(reader, text.encode("utf-16")) == read(reader, WHOLE[form])
    assert read(reader, b"\xef\xbb\xbf" + WHOLE[form]) == read(reader, WHOLE[form])
    windows = WHOLE[form].replace(b"\n", b"\r\n")
    assert list(map(identity, read(reader, windows))) == list(map(identity, read(reader, WHOLE[form])))


def test_declared_encodings() -> None:
    for encoding, name in (("ISO-8859-1", "é"), ("windows-1252", "€"), ("utf-8", "é"), ("no-such", "é")):
        codec = "utf-8" if encoding == "no-such" else encoding
        report = f'\n<?xml version="1.0" encoding="{encoding}"?><testsuite><testcase name="{name}"/></testsuite>'
        assert [case.name for case in read(READERS["junit"], report.encode(codec))] == [name]


DEEP = {
    "junit": b"<testsuite>" * 100_000,
    "trx": b"<TestRun>" * 100_000,
    "tap": b"".join(b" " * 4 * depth + b"ok 1 - x\n" for depth in range(300)) + b"1..1\n",
    "go": b'{"Action":' + b"[" * 100_000 + b"\n",
    "jest": b'{"testResults":' + b"[" * 100_000,
    "rspec": b'{"examples":' + b'[{"a":' * 100_000,
    "libtest": b"running 1 test\n" * 10_000,
    "unittest": b"test_a (m.C) ... " * 20_000,
}
HUGE_NAME = b"n" * 1_000_000
HUGE = {
    "junit": SUITE % (b'<testcase name="' + HUGE_NAME + b'"/>'),
    "trx": b'<TestRun><Results><UnitTestResult testName="' + HUGE_NAME + b'" outcome="Passed"/></Results></TestRun>',
    "tap": b"ok 1 - " + HUGE_NAME + b"\n1..1\n",
    "go": b'{"Action":"pass","Package":"p","Test":"' + HUGE_NAME[:900_000] + b'"}\n{"Action":"pass","Package":"p"}\n',
    "jest": b'{"testResults":[{"name":"a","assertionResults":[{"status":"passed","title":"' + HUGE_NAME + b'"}]}]}',
    "rspec": b'{"examples":[{"status":"passed","full_description":"' + HUGE_NAME + b'"}]}',
}


@pytest.mark.parametrize("form", DEEP)
def test_deep_nesting(form: str) -> None:
    cases, error = read_damaged(READERS[form], DEEP[form])
    assert error or (form == "tap" and len(cases) == 1)  # what is indented too far is no TAP
    check_bounds(cases)


@pytest.mark.parametrize("form", HUGE)
def test_huge_names(form: str) -> None:
    cases = read(READERS[form], HUGE[form])
    assert len(cases) == 1
    assert cases[0].name.startswith("nnnn")
    check_bounds(cases)


def test_long_names_stay_different() -> None:
    names = [case.name for case in in_suite("".join(f'<testcase name="{"x" * 2_000}{n}"/>' for n in range(3)))]
    assert len(set(names)) == 3
    assert names == [case.name for case in in_suite("".join(f'<testcase name="{"x" * 2_000}{n}"/>' for n in range(3)))]


class Endless(io.RawIOBase):
    """A report that is made while it is read, and cannot be rewound."""

    def __init__(self, start: bytes, piece: bytes, times: int, end: bytes) -> None:
        self._parts = self._make(start, piece, times, end)

    @staticmethod
    def _make(start: bytes, piece: bytes, times: int, end: bytes) -> Iterator[bytes]:
        yield start
        for _ in range(times):
            yield piece
        yield end

    def read(self, _size: int = -1) -> bytes:
        return next(self._parts, b"")

    def seekable(self) -> bool:
        return False


TEXT = b"a line of output, and <more/>\\n" * 100
GO_LINE = b'{"Action":"output","Package":"p","Test":"T","Output":"%b\\n"}\n' % (b"x" * 800)
GO_TEST = b'{"Action":"run","Package":"p","Test":"T"}\n%b{"Action":"fail","Package":"p","Test":"T"}\n' % (GO_LINE * 20)
LARGE = {
    "junit": Endless(
        b'<testsuites><testsuite name="s">',
        b'<testcase name="t"><failure><![CDATA['
        + TEXT
        + b"]]></failure><system-out>"
        + b"x" * 9_000
        + b"</system-out></testcase>",
        600,
        b"</testsuite></testsuites>",
    ),
    "one text": Endless(
        b'<testsuite><testcase name="t"><failure>', b"x" * 10_000, 1_000, b"</failure></testcase></testsuite>"
    ),
    "tap": Endless(b"1..200\n", b"not ok 1 - t\n" + (b"# " + b"x" * 400 + b"\n") * 60, 200, b""),
    "go": Endless(b"\n", GO_TEST, 400, b'{"Action":"fail","Package":"p"}\n'),
    "jest": Endless(
        b'{"testResults":[{"name":"a","assertionResults":[',
        b'{"status":"failed","title":"t","failureMessages":["' + TEXT.replace(b"\\", b"\\\\") + b'"]},',
        1_000,
        b'{"status":"passed","title":"t"}]}]}',
    ),
    "libtest": Endless(
        b"running 1500 tests\n" + b"test t ... ok\n" * 1_500 + b"failures:\n",
        b"---- t stdout ----\n" + (b"x" * 400 + b"\n") * 20,
        1_000,
        b"\ntest result: ok. 1500 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
    ),
}


@pytest.mark.parametrize("form", LARGE)
def test_memory_is_bounded(form: str) -> None:
    """Of 3 to 10 MB, no more than a few pieces are held; the size of the report does not matter."""
    reader = READERS.get(form, READERS["junit"])
    tracemalloc.start()
    try:
        cases = sum(1 for _ in reader(cast("BinaryIO", LARGE[form])))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cases in {1, 200, 400, 600, 1_001, 1_500}
    assert peak < 2_500_000


def test_one_tag_is_bounded() -> None:
    endless = Endless(b'<testsuite><testcase name="', b"x" * 65_536, 1_000, b'"/></testsuite>')
    with pytest.raises(ReportError, match="16 MB"):
        list(READERS["junit"](cast("BinaryIO", endless)))


class Unreadable(io.RawIOBase):
    def read(self, _size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("form", READERS)
def test_a_file_that_cannot_be_read(form: str) -> None:
    with pytest.raises(ReportError, match="Input/output error"):
        list(READERS[form](cast("BinaryIO", Unreadable())))


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    "report", [b"", b"\n", b"hello\n", b"\x00" * 3_000, b"\xff\xfe", b"<html></html>", b"{}", b"[]"]
)
def test_no_report_at_all(form: str, report: bytes) -> None:
    cases, error = read_damaged(READERS[form], report)
    assert cases == []
    assert error


@st.composite
def mutated_reports(draw: st.DrawFn) -> tuple[str, bytes]:
    """Reports of which some bytes are others, left out, or there twice."""
    form = draw(st.sampled_from(sorted(WHOLE)))
    report = WHOLE[form]
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(report)))
        end = min(place + draw(st.integers(0, 40)), len(report))
        between = draw(
            st.binary(max_size=6) | st.sampled_from([report[place:end] * 2, b"\x1b[31m", b"\n", b"]]>", b'"'])
        )
        report = report[:place] + between + report[end:]
    return form, report


@settings(max_examples=INPUTS, deadline=None)
@given(mutated_reports())
def test_mutated_reports(drawn: tuple[str, bytes]) -> None:
    form, report = drawn
    cases, _ = read_damaged(READERS[form], report)
    check_bounds(cases)


@settings(max_examples=INPUTS, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_any_bytes(form: str, report: bytes) -> None:
    cases, _ = read_damaged(READERS[form], report)
    check_bounds(cases)


def _jest_report(second: bytes) -> bytes:
    """Return a report of three tests; the second has some text of its own."""
    plain = b'{"ancestorTitles": [], "title": "t%d", "status": "passed", "duration": 1%s}'
    tests = [plain % (1, b""), plain % (2, b", " + second), plain % (3, b"")]
    return b'{"testResults": [{"name": "/a.test.js", "assertionResults": [' + b", ".join(tests) + b"]}]}"


@pytest.mark.parametrize(
    "second",
    [
        b'"failureMessages": ["\\ude00"]',
        b'"failureMessages": ["\\ud83d"]',
        b'"failureDetails": [{"expected": 18446744073709552000}]',
    ],
)
def test_what_javascript_writes_is_no_damage(second: bytes) -> None:
    """Lone surrogates, from a text that was cut in the middle of a character, and numbers beyond 64 bits."""
    cases, error = read_damaged(READERS["jest"], _jest_report(second))
    assert (len(cases), error) == (3, "")


def test_a_number_without_end_is_damage() -> None:
    cases, error = read_damaged(READERS["jest"], _jest_report(b'"line": ' + b"9" * 5_000))
    assert len(cases) in {1, 3}
    assert error or len(cases) == 3
