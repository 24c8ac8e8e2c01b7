"""A command imports only what it uses: starting Python and its imports take longer than most commands run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from batchhook.cli.app import COMMANDS
from tests.driving import Repository

PRINT_MODULES = """
import sys
from batchhook.cli.main import main
sys.argv[0] = "batchhook"
try:
    main()
except SystemExit:
    print(*sorted(sys.modules), file=sys.stderr)
"""
SHELL = {f"batchhook.{name}" for name in ("cli", "cli.app", "cli.main", "cli.options", "cli.typer_classes", "errors")}
"""Modules of batchhook that every command loads."""
HEAVY = {"jinja2", "pluggy", "pygit2", "rich.live", "rich.progress", "rich.table", "watchfiles"}


def loaded(repository: Repository, *arguments: str) -> set[str]:
    """Run a command in a fresh process and return the modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *arguments],
        cwd=repository.top,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("batchhook.")}


def test_version(repository: Repository) -> None:
    modules = loaded(repository, "--version")
    assert ours(modules) == SHELL
    assert not modules & {"rich", "pydantic", "sqlite3"}


@pytest.mark.parametrize("arguments", [["--help"], ["rollback", "--help"], ["ci", "--help"]], ids=" ".join)
def test_help(repository: Repository, arguments: Sequence[str]) -> None:
    modules = loaded(repository, *arguments)
    assert not [name for name in ours(modules) if name.startswith(("batchhook.workflow", "batchhook.report"))]
    assert not modules & {"pydantic", "sqlite3", *HEAVY - {"rich.table"}}  # typer's own help has a table


@pytest.mark.parametrize("command", ["status", "log", "ack 1", "analyze 1"])
def test_only_the_named_command(repository: Repository, command: str) -> None:
    repository.commit("one")
    modules = loaded(repository, *command.split())
    commands = {f"batchhook.cli.{name}" for names in COMMANDS.values() for name in names}
    assert modules & commands == {f"batchhook.cli.{command.split(maxsplit=1)[0]}"}
    unused = ("batchhook.report.json_models", "batchhook.execution", "batchhook.workflow.rollback", "batchhook.demo")
    assert not [name for name in modules if name.startswith(unused)]
    assert not modules & HEAVY
    assert "pydantic" not in modules or command[-1].isdigit(), "typer converts an argument with it"


@pytest.mark.parametrize("command", ["status", "log"])
def test_overviews_load_no_analysis(repository: Repository, command: str) -> None:
    repository.commit("one")
    modules = loaded(repository, command)
    rules = {"analysis", "ci", "comparison", "culprits", "failure_groups", "perf", "rollback", "suite_difference"}
    assert not modules & {f"batchhook.core.{name}" for name in rules}, "rules that an overview does not apply"
    assert not modules & {"batchhook.report.evidence", "batchhook.report.phrases", "batchhook.workflow.status.analyze"}
    assert not modules & {"hashlib", "statistics"}


def test_json_without_a_console(repository: Repository) -> None:
    assert not {name for name in loaded(repository, "status", "--json") if name.startswith("rich")}
