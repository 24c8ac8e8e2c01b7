"""Calling code of others in a process of its own, which is ended with all that it started when its time is up."""

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

from batchhook.core.sanitize import lines, one_line
from batchhook.execution.supervised_command import Command, Ended, run_command
from batchhook.store.state_dir import StateDir
from batchhook.workflow.suite.fingerprint import clean_environment

_LONGEST_LOG = 1_000_000
_LONGEST_ANSWER = 1_000_000
_MOST_SAID = 300


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a module of ours that is run as ``python -m MODULE ORDER ANSWER``.

    Attributes:
        module: its name.
        order: what it reads, plain values.
        name: whom it calls, for the log; also that one's folder.
        event: what for.
        timeout: seconds.
    """

    module: str
    order: Mapping[str, Any]
    name: str
    event: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call.

    Attributes:
        problem: what was the matter, in one line; empty where nothing was.
        said: what the module wrote, plain values.
    """

    problem: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)


def call(state: StateDir, environment: Mapping[str, str], asked: Call) -> Answer:
    """Call code of others; whatever it does, this comes back in time, and what it printed is in the log.

    Args:
        state: of the repository.
        environment: the caller's; the process gets it without git's variables.
        asked: whom, and what for.
    """
    folder = state.plugins / _folder_name(asked.name)
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="call-", dir=state.run("call").parent))
    try:
        order, answer, printed = scratch / "order.json", scratch / "answer.json", scratch / "printed"
        order.write_text(json.dumps(asked.order), "utf-8")
        words = [sys.executable, "-E", "-m", asked.module, os.fspath(order), os.fspath(answer)]
        ended = run_command(Command(words, clean_environment(environment), printed, asked.timeout), folder)
        found = _answer(ended, answer, asked.timeout)
        _log(state.plugins_log, asked, found, printed)
        return found
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _folder_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:100]


def _answer(ended: Ended, path: Path, timeout: float) -> Answer:
    if ended.timed_out:
        return Answer(f"took longer than {timeout:g} s, and was ended")
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LONGEST_ANSWER))
    except (OSError, ValueError):
        how = f"exit code {ended.code}" if ended.code is not None else f"signal {ended.signal}"
        return Answer(f"its process ended without an answer ({how})")
    return Answer(one_line(str(said.get("problem", "")), _MOST_SAID), said)


def _log(log: Path, asked: Call, found: Answer, printed: Path) -> None:
    text = printed.read_text("utf-8", "replace") if printed.exists() else ""
    if not text.strip() and not found.problem:
        return
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
    when, how = time.strftime("%Y-%m-%d %H:%M:%S"), found.problem or "printed"
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"--- {when} {one_line(asked.name)} {asked.event}: {how}\n{lines(text)}\n")
