"""Third-party code in a process of its own, which is killed with all its children when its time is up."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.execution.supervised_command import CommandResult, SupervisedCommand, run_command
from batchhook.store.state_dir import StateDir

_MAX_LOG_SIZE = 1_000_000
_MAX_OUTPUT_SIZE = 1_000_000
_MAX_PROBLEM_LENGTH = 300


@dataclass(frozen=True, slots=True)
class SandboxCall:
    """A call of one of our modules, run as ``python -m MODULE REQUEST OUTPUT`` with the paths of two JSON files.

    Attributes:
        module: name of the module, which calls the third-party code.
        request: plain values for the module.
        name: of the third-party code, for the log; its working folder is named after it.
        event: name of the event, for the log.
        timeout: seconds.
    """

    module: str
    request: Mapping[str, Any]
    name: str
    event: str
    timeout: float


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """The result of a call.

    Attributes:
        problem: the error, in one line; empty if there was none.
        output: plain values that the module wrote.
    """

    problem: str = ""
    output: Mapping[str, Any] = field(default_factory=dict)


def run_sandboxed(state: StateDir, environment: Mapping[str, str], call: SandboxCall) -> SandboxResult:
    """Run third-party code. Whatever it does, this returns in time; what it printed goes to the log.

    Args:
        state: the repository's.
        environment: of the process.
        call: the call.
    """
    folder = state.plugins / _folder_name(call.name)
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="call-", dir=state.run("call").parent))
    try:
        request, output, printed = scratch / "request.json", scratch / "output.json", scratch / "printed"
        request.write_text(json.dumps(call.request), "utf-8")
        command = [sys.executable, "-E", "-m", call.module, os.fspath(request), os.fspath(output)]
        ended = run_command(SupervisedCommand(command, environment, printed, call.timeout), folder)
        result = _read_result(ended, output, call.timeout)
        _write_log(state.plugins_log, call, result, printed)
        return result
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:100]


def _read_result(ended: CommandResult, path: Path, timeout: float) -> SandboxResult:
    if ended.timed_out:
        return SandboxResult(f"timed out after {timeout:g} s")
    try:
        with path.open("rb") as file:
            output = json.loads(file.read(_MAX_OUTPUT_SIZE))
    except (OSError, ValueError):
        ending = f"exit code {ended.exit_code}" if ended.exit_code is not None else f"signal {ended.signal}"
        return SandboxResult(f"process ended without a result ({ending})")
    return SandboxResult(one_line(str(output.get("problem", "")), _MAX_PROBLEM_LENGTH), output)


def _write_log(log: Path, call: SandboxCall, result: SandboxResult, printed: Path) -> None:
    text = printed.read_text("utf-8", "replace") if printed.exists() else ""
    if not text.strip() and not result.problem:
        return
    if log.exists() and log.stat().st_size > _MAX_LOG_SIZE:
        log.replace(log.with_name(f"{log.name}.1"))
    now, summary = time.strftime("%Y-%m-%d %H:%M:%S"), result.problem or "printed"
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"--- {now} {one_line(call.name)} {call.event}: {summary}\n{sanitize_lines(text)}\n")
