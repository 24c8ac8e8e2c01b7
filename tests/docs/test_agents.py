"""The snippets in docs/agents.md, run as agents run them, with the input that their documentation describes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from batchhook.cli.app import application
from tests.driving import CALCULATOR, Repository

DOCS = Path(__file__).parents[2] / "docs/agents.md"
BROKEN = CALCULATOR.replace("a + b", "a * b")
ADD = "test_calculator.CalculatorTest.test_add"
LARGE = "x" * 1_000_000
"""More than a pipe holds: a hook that does not read it breaks the pipe of the agent."""


def block(heading: str, kind: str, number: int = 0) -> str:
    """Return a code block of a kind under a heading."""
    section = DOCS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return str(re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)[number])


def commands(agent: str) -> tuple[str, str]:
    """Return the commands that an agent runs after an edit, and when it stops."""
    hooks = json.loads(block(agent, "json"))["hooks"]
    if agent == "Cursor":
        (edited,), (ended,) = hooks["afterFileEdit"], hooks["stop"]
    else:
        (edited,), (ended,) = (of_event["hooks"] for event in ("PostToolUse", "Stop") for of_event in hooks[event])
    return edited["command"], ended["command"]


def edit_of(agent: str, path: Path) -> dict[str, Any]:
    """Return the input of an agent's hook after an edit: the documented fields that matter."""
    if agent == "Cursor":
        edits = [{"old_string": "a + b", "new_string": LARGE}]
        common = {"conversation_id": "c", "generation_id": "g", "workspace_roots": [str(path.parent)]}
        return {**common, "hook_event_name": "afterFileEdit", "file_path": str(path), "edits": edits}
    common = {"session_id": "s", "transcript_path": "t.jsonl", "cwd": str(path.parent), "permission_mode": "default"}
    if agent == "Codex":
        patch = f"*** Begin Patch\n*** Add File: {path.name}\n+{LARGE}\n*** End Patch\n"
        tool = {"tool_name": "apply_patch", "tool_input": {"command": patch}, "tool_response": "Success."}
        return {**common, "hook_event_name": "PostToolUse", "turn_id": "1", "model": "m", "tool_use_id": "u", **tool}
    tool = {"tool_name": "Write", "tool_input": {"file_path": str(path), "content": LARGE}}
    return {**common, "hook_event_name": "PostToolUse", **tool, "tool_response": {"filePath": str(path)}}


def end_of(agent: str, **fields: object) -> dict[str, Any]:
    """Return the input of an agent's hook when it stops."""
    if agent == "Cursor":
        return {"conversation_id": "c", "hook_event_name": "stop", "status": "completed", "loop_count": 0, **fields}
    return {"session_id": "s", "cwd": ".", "hook_event_name": "Stop", "stop_hook_active": False, **fields}


def run(project: Repository, command: str, stdin: object = None, *words: str, **variables: str) -> tuple[int, str, str]:
    """Run a command as agents do, with JSON on standard input; return exit code, output and errors."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "CLAUDE_PROJECT_DIR": str(project.top), **variables}
    with subprocess.Popen(
        ["/bin/sh", "-c", command, *words],
        cwd=project.top,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write("" if stdin is None else json.dumps(stdin))  # not communicate(): that forgives EPIPE
        process.stdin.close()
        return process.wait(90), process.stdout.read(), process.stderr.read()


AGENTS = pytest.mark.parametrize("agent", ["Claude Code", "Codex", "Cursor"])


@AGENTS
def test_an_edit_is_recorded(project: Repository, agent: str) -> None:
    edited, _ = commands(agent)
    project.write("calculator.py", f"{CALCULATOR}# edited\n")
    for _ in range(2):
        assert run(project, edited, edit_of(agent, project.top / "calculator.py")) == (0, "", "")
    (change,) = project.json("status")["open"]["changes"]
    assert (change["kind"], change["summary"]) == ("record", "edit calculator.py")
    assert project.git("status", "--porcelain") == "M calculator.py"


@pytest.mark.parametrize("agent", ["Claude Code", "Cursor"])
def test_five_edits_run_the_tests_and_the_agent_is_notified(project: Repository, agent: str) -> None:
    edited, ended = commands(agent)
    for number in range(5):
        project.write("calculator.py", f"{CALCULATOR if number < 2 else BROKEN}# {number}\n")
        assert run(project, edited, edit_of(agent, project.top / "calculator.py")) == (0, "", "")
    project.await_runs()
    code, output, errors = run(
        project, ended, end_of(agent, last_assistant_message='it says {"stop_hook_active": true}')
    )
    if agent == "Cursor":
        assert code == 0
        assert "batchhook status --json" in json.loads(output)["followup_message"]
        for status in ("aborted", "error"):
            assert run(project, ended, end_of(agent, status=status), unseen="inherited") == (0, "", "")
    else:
        assert (code, output) == (2, "")
        assert "batchhook: batch 1 failed: CRITICAL, 1 of 2 tests (50%): " in errors
        assert "broke 1 test (batchhook analyze 1)" in errors
        assert run(project, ended, end_of(agent, stop_hook_active=True)) == (0, "", "")
    assert project.json("analyze", "1", code=1)["culprits"][0]["tests"] == [ADD]
    assert run(project, ended, end_of(agent)) == (0, "", ""), "the result was seen"


def test_two_agents_share_their_commands() -> None:
    assert commands("Codex") == tuple(each.replace('-C "$CLAUDE_PROJECT_DIR" ', "") for each in commands("Claude Code"))


@AGENTS
def test_they_are_silent_where_nothing_is_installed(bare_repository: Repository, agent: str) -> None:
    bare_repository.commit("first")
    edit = edit_of(agent, bare_repository.top / "a.py")
    for command, event in zip(commands(agent), (edit, end_of(agent)), strict=True):
        assert run(bare_repository, command, event) == (0, "", "")
        assert run(bare_repository, command, event, PATH="/usr/bin:/bin") == (0, "", ""), "no batchhook at all"
    assert not (bare_repository.top / ".git/batchhook").exists()


def test_once_a_turn(project: Repository) -> None:
    (first,) = re.findall(r"with `(batchhook record .*?;)`", DOCS.read_text("utf-8").replace("\n", " "))
    project.write("calculator.py", f"{CALCULATOR}# turn\n")
    for agent in ("Claude Code", "Codex", "Cursor"):
        assert run(project, f"{first} {commands(agent)[1]}", end_of(agent)) == (0, "", "")
    assert [change["kind"] for change in project.json("status")["open"]["changes"]] == ["record"]


def test_aider_commits_and_tests(project: Repository) -> None:
    settings = yaml.safe_load(block("aider", "yaml"))
    assert settings["auto-test"] is True
    assert run(project, settings["test-cmd"])[0] == 0
    for number in range(5):
        project.write("calculator.py", f"{BROKEN}# {number}\n")
        project.git("add", "calculator.py")
        project.git("commit", "-m", f"edit {number}", "--no-verify", "--", str(project.top / "calculator.py"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    code, output, _ = run(project, settings["test-cmd"])
    assert code == 1
    assert "CalculatorTest.test_add" in output
    project.write("calculator.py", f"{CALCULATOR}# fixed\n")
    project.git("commit", "-qam", "fix", "--no-verify")
    assert run(project, settings["test-cmd"])[0] == 0
    assert "no test failed" in run(project, settings["test-cmd"])[2]


def test_aider_without_commits(project: Repository) -> None:
    settings = yaml.safe_load(block("aider", "yaml", 1))
    assert settings["auto-commits"] is False
    project.write("a name.py", "x = 1\n")
    assert run(project, f"{settings['lint-cmd']} {shlex.quote('a name.py')}") == (0, "", "")
    assert [change["summary"] for change in project.json("status")["open"]["changes"]] == ["add a name.py"]
    assert run(project, f"{settings['lint-cmd']} gone.py", PATH="/usr/bin:/bin") == (0, "", "")


def test_the_loop(project: Repository) -> None:
    """Run each line as printed, in a repository whose first batch fails."""
    lines = [line.split("  #")[0].strip() for line in block("The loop", "sh").splitlines()]
    recorded, committed, *rest = lines
    project.write("calculator.py", BROKEN)
    assert json.loads(run(project, recorded)[1])["change"]["summary"] == "Round shares down"
    assert run(project, committed)[0] == 0
    assert len(project.json("status")["open"]["changes"]) == 1, "the commit repeats what was recorded"
    for number in range(2, 6):
        project.commit(f"change {number}")
    ended = [(line, *run(project, line)[:2]) for line in rest]
    assert [code for _, code, _ in ended] == [0, 1, 1, 0, 0, 1]
    documents = [json.loads(output) for _, _, output in ended]
    assert documents[2]["failures"][0]["attribution"]["kind"] == "culprit"
    assert [file["path"] for file in documents[3]["files"]] == ["calculator.py"]
    assert project.read("calculator.py") == BROKEN


def options_of(group: typer.Typer, words: list[str]) -> set[str]:
    """Return the options of the command that some words name."""
    command: Any = typer.main.get_command(group)
    options = {name for option in command.params for name in option.opts}
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return options | {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def test_named_commands_and_options_exist() -> None:
    text, everything = DOCS.read_text("utf-8"), application(())
    known = {*typer.main.get_command(everything).commands}  # type: ignore[attr-defined]
    named = set()
    for spoken in re.findall(r"\bbatchhook (?:-C \S+ )?([a-z].*?)(?=[`\n;|>]|  #)", text):
        words, options = spoken.split(), set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", spoken))
        if words[0] in known:
            assert options <= options_of(everything, words), spoken
            named.add(words[0])
    assert named >= {"record", "status", "wait", "analyze", "rollback", "undo", "test", "install", "schema", "doctor"}


def test_the_head_of_a_rule() -> None:
    head = yaml.safe_load(block("Cursor", "yaml").strip().strip("-"))
    assert head["alwaysApply"] is True
    assert isinstance(head["description"], str)
