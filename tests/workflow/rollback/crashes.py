"""Killing an operation at some point of its way, in a repository that is made anew for each kill.

The operation runs in a process and a session of its own. A step of it is a call of git, or a write to the database or
to a message file. It is killed (SIGKILL) before or after its n-th step; or in the middle, with all that it has started.
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
    """When an operation is killed: at which step, at which moment of it; ``delay`` is how far into it, in seconds."""

    step: int
    moment: str
    delay: float = 0.0


def put_back(template: Path, top: Path) -> None:
    """Make a repository what its template is, at the path that it knows."""
    shutil.rmtree(top, ignore_errors=True)
    shutil.copytree(template, top, symlinks=True)


def killed(top: Path, act: Callable[[Workflow], object], kill: Kill | None) -> bool:
    """Run an operation in a process of its own, and kill it there.

    Returns:
        whether the kill came before its end.
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
        _end_the_rest(pid)
        return True
    assert os.WEXITSTATUS(status) == 0, "the operation failed by itself"
    return False


def _end_the_rest(group: int) -> None:
    """Wait for what a killed operation had started."""
    for _ in range(2000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    os.killpg(group, signal.SIGKILL)


def _arm(kill: Kill) -> Callable[[], int]:
    """Watch every step; gives a function that says how many there were so far."""
    steps = 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_soon() -> None:
        time.sleep(kill.delay)
        os.killpg(os.getpid(), signal.SIGKILL)

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function's
            nonlocal steps
            steps += 1
            is_it = steps == kill.step
            if is_it and kill.moment == "before":
                die()
            if is_it and kill.moment == "during":
                threading.Thread(target=die_soon, daemon=True).start()
            result = function(*arguments, **named)
            if is_it and kill.moment == "after":
                die()
            return result

        return call

    Git.run = watched(Git.run)  # type: ignore[method-assign]
    for module, name in ((operations, "intend"), (operations, "end"), (merge_msg, "_write"), (merge_msg, "clear")):
        setattr(module, name, watched(getattr(module, name)))
    return lambda: steps


def random_kill(dice: random.Random, most: int) -> Kill:
    """A kill somewhere on the way, which has so many steps; mostly where something is written."""
    first = dice.choice((1, most // 2))
    return Kill(dice.randint(first, most), dice.choice(MOMENTS), dice.random() * 0.006)


def count_steps(top: Path, act: Callable[[Workflow], object]) -> int:
    """How many steps an operation has; it is done."""
    counted = top.with_name(f"{top.name}.steps")

    def counting(workflow: Workflow) -> None:
        steps = _arm(Kill(0, ""))
        act(workflow)
        counted.write_text(str(steps()))

    killed(top, counting, None)
    return int(counted.read_text())


def remove_locks(top: Path) -> None:
    """What git tells its user to do after a git was killed."""
    for lock in (top / ".git").rglob("*.lock"):
        if "batchhook/" not in str(lock):  # these are ours, and stay: locked is who holds them
            lock.unlink()
