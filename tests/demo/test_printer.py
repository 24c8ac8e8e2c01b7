from __future__ import annotations

import pytest

from batchhook.demo.printer import Printer, format_command


def test_format_command() -> None:
    assert format_command(["git", "commit", "-am", "Revert batch 1"]) == 'git commit -am "Revert batch 1"'


def test_plain_without_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    printer = Printer()
    printer.heading("1. A section")
    printer.paragraph("many words " * 20)
    printer.command(["git", "log", "word " * 30])
    printer.line("a/long/path/" * 10)
    printer.hint("batchhook status", "the open batch")

    heading, *lines = capsys.readouterr().out.strip().splitlines()
    assert heading.startswith("1. A section ===")
    assert len(heading) == 80
    assert "\x1b" not in "".join(lines)
    assert [line for line in lines if line.startswith("many")] == ["many words " * 6 + "many words"] * 2 + [
        "many words " * 5 + "many words",
    ]
    assert f'$ git log "{"word " * 30}"' in lines
    assert "a/long/path/" * 10 in lines
    assert "  batchhook status        the open batch" in lines
