"""Killing an operation at any point, in a repository that is restored for each kill.

The operation runs in a process and a session of its own. Its steps are calls of git, and writes to the database or to
a message file. It is killed (SIGKILL) before or after its n-th step; or in the middle, with every process it started.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchhook import Workflow
from batchhook.git.command import Git
from batchhook.store import operations
from batchhook.workflow.counting import merge_msg

MOMENTS = ("before", "after", "during")


@dataclass(frozen=True)
class Kill:
    """The moment of a kill: before, after or during a step; ``delay`` is in seconds from the step's start."""

    step: int
    moment: str
    delay: float = 0.0


def restore_template(template: Path, top: Path) -> None:
    """Restore a repository from a template, at its own path."""
    shutil.rmtree(top, ignore_errors=True)
    shutil.copytree(template, top, symlinks=True)


def run_killed(top: Path, act: Callable[[Workflow], object], kill: Kill | None) -> bool:
    """Run an operation in a process of its own, and kill it.

    Returns:
        whether it was killed before its end.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.setsid()
            if kill is not None:
                _arm(kill)
            act(Workflow(top))
            code = 0
        except BaseException:  # noqa: BLE001 - this process ends here
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        _wait_for_group(pid)
        return True
    assert os.WEXITSTATUS(status) == 0, "the operation failed without a kill"
    return False


def _wait_for_group(group: int) -> None:
    """Wait for the processes that a killed operation had started."""
    for _ in range(2000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    os.killpg(group, signal.SIGKILL)


def _arm(kill: Kill) -> Callable[[], int]:
    """Watch every step; return a function that counts the steps so far."""
    steps = 0

    def kill_now() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_soon() -> None:
        time.sleep(kill.delay)
        os.killpg(os.getpid(), signal.SIGKILL)

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function's
            nonlocal steps
            steps += 1
            is_due = steps == kill.step
            if is_due and kill.moment == "before":
                kill_now()
            if is_due and kill.moment == "during":
                threading.Thread(target=kill_soon, daemon=True).start()
            result = function(*arguments, **named)
            if is_due and kill.moment == "after":
                kill_now()
            return result

        return call

    Git.run = watched(Git.run)  # type: ignore[method-assign]
    for module, names in ((operations, ("save_intent", "mark_ended")), (merge_msg, ("_write", "clear"))):
        for name in names:
            setattr(module, name, watched(getattr(module, name)))
    return lambda: steps


def random_kill(dice: random.Random, most: int) -> Kill:
    """Choose a kill among so many steps, most often in the second half, where something is written."""
    first = dice.choice((1, most // 2))
    return Kill(dice.randint(first, most), dice.choice(MOMENTS), dice.random() * 0.006)


def count_steps(top: Path, act: Callable[[Workflow], object]) -> int:
    """Carry out an operation, and return the number of its steps."""
    counted = top.with_name(f"{top.name}.steps")

    def counting(workflow: Workflow) -> None:
        steps = _arm(Kill(0, ""))
        act(workflow)
        counted.write_text(str(steps()))

    run_killed(top, counting, None)
    return int(counted.read_text())


def remove_locks(top: Path) -> None:
    """Remove git's lock files, as git asks its user to do after a kill."""
    for lock in (top / ".git").rglob("*.lock"):
        if "batchhook/" not in str(lock):  # ours stay: what counts is who holds them, not the files
            lock.unlink()
