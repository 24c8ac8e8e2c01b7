"""Answers are bounded, whatever is in them; all of it is in a file then."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st

from batchhook.mcp.answers import MAX_CHARACTERS, Failure, FailuresAnswer, WhyAnswer, bound, quote

texts = st.text(max_size=4000)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(texts, texts), max_size=60))
def test_no_answer_is_longer(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    failures = tuple(
        Failure(test=test, error=quote(error), location="", cause="culprit", change="12345678") for test, error in rows
    )
    answer = FailuresAnswer(batch=1, verdict="failed", total=len(rows), failures=failures, cursor="")
    file = tmp_path / "mcp/failures.json"
    bounded = bound(answer, file)
    assert len(json.dumps(bounded.model_dump(), ensure_ascii=False)) <= MAX_CHARACTERS + 200
    if bounded == answer:
        assert not bounded.rest
    else:
        assert bounded.rest == str(file)
        assert FailuresAnswer.model_validate_json(file.read_text()) == answer
        assert bounded.total == answer.total


def test_the_longest_text_is_cut_first(tmp_path: Path) -> None:
    answer = WhyAnswer(
        batch=1,
        test="m.T.t",
        cause="culprit",
        confidence=0.99,
        change=None,
        author=quote("Ada"),
        suspects=(),
        reason="",
        evidence=("12345678: passed 1 time",),
        diff=quote("+x\n" * 5000),
        traceback=quote("line\n" * 50),
    )
    bounded = bound(answer, tmp_path / "why.json")
    assert bounded.diff.untrusted.endswith("[cut]")
    assert bounded.traceback == answer.traceback
    assert bounded.evidence == answer.evidence


def test_control_characters_are_taken_out_and_lines_kept() -> None:
    assert quote("a\x1b[31mb\nc\x00\ud800").untrusted == "a [31mb\nc \\ud800" or "\x1b" not in quote("\x1b").untrusted
