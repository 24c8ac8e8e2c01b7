"""The Python API offers what the commands offer."""

from __future__ import annotations

import typer

from batchhook.api import Workflow
from batchhook.cli.app import application

METHODS = {
    "baseline compare": "compare",
    "baseline set": "set_baseline",
    "baseline show": "baseline",
    "notify": "send_test",
    "operations finish": "finish",
    "test": "run",
}
"""Commands whose method has another name."""
WITHOUT_METHOD = {
    "demo": "it is a walkthrough to be read",
    "mcp": "a program calls the methods themselves",
    "schema": "pydantic's model_json_schema() gives the schema of a document",
}


def test_each_command_has_a_method() -> None:
    missing = {name for name in commands(application(())) if not hasattr(Workflow, METHODS.get(name, name))}
    assert missing == set(WITHOUT_METHOD)


def commands(group: typer.Typer, prefix: str = "") -> set[str]:
    """Return the words of all commands."""
    names = set()
    for command in group.registered_commands:
        assert command.callback
        names.add(prefix + (command.name or command.callback.__name__))
    for inner in group.registered_groups:
        assert inner.typer_instance
        if inner.typer_instance.info.invoke_without_command is True:
            names.add(f"{prefix}{inner.name}")
        names |= commands(inner.typer_instance, f"{prefix}{inner.name} ")
    return names
