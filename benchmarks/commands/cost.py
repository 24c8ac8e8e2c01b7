"""The cost of one run: the command by hand, the same through the engine, and as ``batchhook test --fresh``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.settings import Settings
from batchhook.engines.command import template
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.command.presets import PRESETS
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from batchhook.workflow.suite.command_choice import configure_command
from benchmarks.commands.project import Project
from benchmarks.commands.repository import Repository

MOST_MILLISECONDS, MOST_PERCENT = 150, 3
"""What the engine may take more than the command by hand: the larger of both."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Durations in seconds, one for each round."""

    by_hand: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)

    @property
    def added(self) -> float:
        """What the engine takes more than the command by hand, in seconds: the difference of the medians."""
        return statistics.median(self.engine) - statistics.median(self.by_hand)

    @property
    def is_within_goal(self) -> bool:
        """Whether that is as little as it should be."""
        allowed = max(MOST_MILLISECONDS / 1000, statistics.median(self.by_hand) * MOST_PERCENT / 100)
        return self.added <= allowed


def measure_cost(project: Project, repository: Repository, rounds: int) -> Cost:
    """Run a project's tests, all of which pass, in the three ways, which take turns.

    Raises:
        RuntimeError: a run did not pass.
    """
    engine = _configure(project)
    cost = Cost()
    with tempfile.TemporaryDirectory() as scratch:
        ways: list[tuple[list[float], Callable[[Path], None]]] = [
            (cost.by_hand, lambda folder: _run_by_hand(engine, repository, folder)),
            (cost.engine, lambda folder: _run_engine(engine, repository, folder)),
            (cost.test, lambda folder: _run_test(repository, folder)),
        ]
        for each in range(-1, rounds):
            for number, (seconds, run) in enumerate(ways[::-1] if each % 2 else ways):
                folder = Path(scratch) / f"{each}-{number}"
                folder.mkdir()
                begun = time.perf_counter()
                run(folder)
                if each >= 0:  # the first run of each fills caches
                    seconds.append(time.perf_counter() - begun)
    return cost


def _configure(project: Project) -> CommandEngine:
    preset = next(preset for preset in PRESETS if preset.name == project.tool)
    return configure_command(Settings(), preset, tuple(project.files))


def _variables(repository: Repository, engine: CommandEngine) -> Mapping[str, str]:
    return {**repository.environment, **engine.env, "COIN": "heads"}


def _run_by_hand(engine: CommandEngine, repository: Repository, folder: Path) -> None:
    """Run the engine's commands without it."""
    places = {name: str(folder / name) for name in ("report", "reports", "build")}
    places |= {
        "cache": str(folder.parent / "cache-by-hand"),
        "reporters": str(Path(template.__file__).with_name("reporters")),
        "jobs": str(os.cpu_count() or 1),
    }
    for name in ("reports", "build", "cache"):
        Path(places[name]).mkdir(exist_ok=True)
    environment = {name: template.fill(value, places) for name, value in _variables(repository, engine).items()}
    for line in (*engine.build, engine.command):
        with (folder / "log").open("wb") as log:
            subprocess.run(
                template.expand(line, places),
                cwd=repository.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )


def _run_engine(engine: CommandEngine, repository: Repository, folder: Path) -> None:
    spec = SuiteSpec(
        interpreter=Path(sys.executable),
        root=repository.folder,
        environment=_variables(repository, engine),
        scratch=folder,
        engine=engine,
        jobs=os.cpu_count() or 1,
        cache=folder.parent / "cache-engine",
    )
    result = run_suite(spec)
    if result.broken_reason or any(each.outcome.is_failure for each in result.results):
        raise RuntimeError(f"{engine.command}: {result}")


def _run_test(repository: Repository, folder: Path) -> None:
    del folder
    repository.batchhook("test", "--fresh", COIN="heads")
