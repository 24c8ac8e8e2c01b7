"""The report in plain text and the one in Markdown."""

from __future__ import annotations

from markdown_it import MarkdownIt

from batchhook.report.files.critical_failure import critical_file
from batchhook.report.files.markdown import markdown
from batchhook.report.files.regressions import regressions_file
from batchhook.report.files.text_report import full_text
from tests.report.analyses import OIDS, analysis, culprit, failing, passing, slower

EVIL = "@ada #12 **bold** [link](https://example.org) `tick` ``two`` <script> | \x1b[31m\n# heading\n\n```\n"


def rendered(text: str) -> str:
    made: str = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
    return made


def test_untrusted_text_is_code() -> None:
    result = failing(EVIL, module=EVIL, error_type=EVIL, message=EVIL, location=EVIL, traceback=EVIL)
    found = analysis([result], before=[passing(EVIL)], text=EVIL, attributions={EVIL: culprit()})
    made = rendered(markdown(found))
    assert "<a " not in made
    assert "<script" not in made
    assert made.count("<h") == 1
    outside = "".join(part.rpartition("</code>")[2] for part in made.split("<code>"))
    assert "@ada" not in outside
    assert "#12" not in outside
    assert "bold" not in outside


def test_markdown_is_short() -> None:
    tests = [failing(f"pkg.test_x.TestX.test_{number}", message="m" * 2_000) for number in range(5_000)]
    attributions = {test.test_id: culprit(OIDS[number % 5]) for number, test in enumerate(tests)}
    text = markdown(analysis(tests, before=[passing()], attributions=attributions))
    assert len(text) < 20_000
    assert "### batchhook: batch 2 failed: CRITICAL, 5000 of 5000 tests (100%)" in text
    assert f"`{OIDS[2][:8]}` `subject` broke 1000 tests" in text
    assert "- and 995 more" in text
    assert "Since batch 1: 5000 newly failing, 5000 new, 1 vanished." in text


def test_the_full_text_has_every_traceback() -> None:
    tests = [failing(f"pkg.test_x.TestX.test_{number}", traceback=f"text of {number}\n") for number in range(300)]
    text = full_text(analysis(tests, before=[passing()]))
    assert all(f"text of {number}\n" in text for number in range(300))
    assert "BATCH 2 failed: CRITICAL, 300 of 300 tests (100%)" in text
    assert "FAILURES (300)" in text
    assert "newly failing: 300" in text


def test_the_full_text_is_bounded_and_names_what_is_left_out() -> None:
    tests = [failing(f"pkg.test_x.TestX.test_{number}", traceback="x" * 16_000) for number in range(5_000)]
    text = full_text(analysis(tests))
    assert len(text) < 5_000_000
    assert text.count("[left out: ") == 4_876
    assert "batchhook analyze 2 --tracebacks shows it" in text


def test_a_terminal_obeys_nothing_in_the_full_text() -> None:
    result = failing(EVIL, module=EVIL, message=EVIL, traceback=EVIL, note=EVIL)
    assert "\x1b" not in full_text(analysis([result], text=EVIL, attributions={EVIL: culprit()}))


def test_slowdowns_are_in_every_file() -> None:
    found = slower(analysis([passing()]), reason="it is too noisy")
    for text in (full_text(found), markdown(found)):
        assert "pkg.test_x.TestX.test_slow" in text
        assert f"{OIDS[1][:8]} subject" in text
        assert "possibly slower (inconclusive)" in text
        assert "it is too noisy" in text
    assert f"`{OIDS[1][:8]} subject made 1 test slower, 2.6 times`" in markdown(found)
    assert "**Slower: 1 test**" in markdown(found)
    assert "pkg.test_x.TestX.test_slow: depth\n   7" in full_text(found)
    document = regressions_file(found)
    assert document.has_regressions
    assert [each.ruling for each in document.slowdowns] == ["slower", "inconclusive"]
    made = rendered(markdown(slower(found, EVIL, EVIL)))
    assert "<script" not in made
    assert "<a " not in made


def test_json_files_are_bounded_too() -> None:
    many = [
        failing(
            f"pkg.test_x.TestX.test_{number}", location=f"x.py:{number}", message="m" * 2_000, traceback="x" * 16_000
        )
        for number in range(5_000)
    ]
    found = analysis(many)
    critical = found.critical_failure
    assert critical
    document = critical_file(found, critical)
    assert len(document.model_dump_json()) < 8_000_000
    assert (len(document.failures), len(document.error_types), document.error_types_left_out) == (5_000, 100, 4_900)
    assert document.failures[0].traceback == "x" * 16_000
    assert document.failures[-1].traceback.startswith("[left out")
    assert len(document.failures[-1].message) == 200
