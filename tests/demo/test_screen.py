from __future__ import annotations

import pytest

from batchhook.demo.screen import Screen, as_typed


def test_commands_as_typed() -> None:
    assert as_typed(["git", "commit", "-am", "Take out batch 1"]) == 'git commit -am "Take out batch 1"'


def test_plain_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    screen = Screen()
    screen.act("1. An act")
    screen.say("many words " * 20)
    screen.command(["git", "log", "word " * 30])
    screen.note("a/long/path/" * 10)
    screen.advice("batchhook status", "where you stand")

    heading, *lines = capsys.readouterr().out.strip().splitlines()
    assert heading.startswith("1. An act ===")
    assert len(heading) == 80
    assert "\x1b" not in "".join(lines)
    assert [line for line in lines if line.startswith("many")] == ["many words " * 6 + "many words"] * 2 + [
        "many words " * 5 + "many words",
    ]
    assert f'$ git log "{"word " * 30}"' in lines
    assert "a/long/path/" * 10 in lines
    assert "  batchhook status        where you stand" in lines
