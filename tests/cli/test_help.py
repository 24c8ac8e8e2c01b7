"""The help of each command: names and plain English, without Python's types."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from batchhook.cli.app import COMMANDS, application

TYPE = re.compile(r"<[a-z]+(\[| range)?[^|>]*>")


def commands() -> Iterator[tuple[str, ...]]:
    app = typer.main.get_command(application([]))
    assert isinstance(app, TyperGroup)
    yield ()
    for name in (each for names in COMMANDS.values() for each in names):
        yield (name,)
        command = app.commands[name]
        if isinstance(command, TyperGroup):
            yield from ((name, subcommand) for subcommand in command.commands)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_help_has_no_types(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as done:
        application(command)([*command, "--help"], prog_name="batchhook")
    help_text = capsys.readouterr().out
    assert done.value.code == 0
    assert f"Usage: {' '.join(['batchhook', *command])}" in help_text
    assert not TYPE.findall(help_text)
    assert "{" not in help_text
    assert max(map(len, help_text.splitlines())) <= 80
