"""An environment in which batchhook is installed beside plug-ins, as a user would have it."""

from __future__ import annotations

import json
import shutil
import sysconfig
import textwrap
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

ROOT = Path(__file__).parents[2]
BROKEN = CALCULATOR.replace("a + b", "a * b")

RECORDER = """\
import json
from pathlib import Path

from batchhook import hookimpl

TOLD = Path({told!r})


def note(hook, **documents):
    shown = {{name: one if isinstance(one, str) else one.model_dump(mode="json") for name, one in documents.items()}}
    with TOLD.open("a") as file:
        file.write(json.dumps([hook, shown]) + "\\n")


@hookimpl
def batchhook_change_recorded(change, batch, repository):
    note("change_recorded", change=change, batch=batch, repository=repository)


@hookimpl
def batchhook_batch_sealed(batch):
    note("batch_sealed", batch=batch)


@hookimpl
def batchhook_run_finished(batch, run):
    note("run_finished", batch=batch, run=run)


@hookimpl
def batchhook_analysis_made(analysis):
    note("analysis_made", analysis=analysis)
    return {{"tests per second": analysis.totals.tests / 0.5, "slow": False, "owner": "Ada"}}


@hookimpl
def batchhook_critical_failure(analysis):
    note("critical_failure", analysis=analysis)


@hookimpl
def batchhook_rolled_back(operation):
    note("rolled_back", operation=operation)
"""


class Environment:
    """A Python with batchhook, and with plug-ins that are written into it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        (self._site,) = folder.glob("lib/python*/site-packages")
        packages = sysconfig.get_path("purelib")
        (self._site / "ours.pth").write_text(f"import site; site.addsitedir({packages!r})\n{ROOT}\n")
        self.python = str(folder / "bin/python")
        self.told_file = folder / "told.ndjson"

    def add(self, name: str, code: str) -> None:
        """Install a plug-in: a distribution with one module and an entry point."""
        (self._site / f"plugin_{name}.py").write_text(textwrap.dedent(code))
        about = self._site / f"plugin_{name}-1.0.dist-info"
        about.mkdir(exist_ok=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[batchhook]\n{name} = plugin_{name}\n")

    def remove(self, name: str) -> None:
        """Uninstall a plug-in."""
        shutil.rmtree(self._site / f"plugin_{name}-1.0.dist-info")

    def add_recorder(self) -> None:
        """Install a plug-in that writes down all that it is told."""
        self.add("recorder", RECORDER.format(told=str(self.told_file)))

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """What the recorder was told, in order."""
        lines = self.told_file.read_text().splitlines() if self.told_file.exists() else []
        return [(hook, documents) for hook, documents in map(json.loads, lines)]

    def hooks(self) -> list[str]:
        """The names of these hooks."""
        return [hook for hook, _ in self.told()]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "environment")


@pytest.fixture
def plugged(bare_repository: Repository, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with code and tests, whose hooks are of that environment."""
    monkeypatch.setenv("BATCHHOOK_JOBS", "1")
    bare_repository.python = environment.python
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    return bare_repository


def fill(repository: Repository, *, broken: int | None = None, number: int = 0) -> None:
    """Fill a batch; with ``broken``, that change of it (0 for the first) breaks half of the tests."""
    for position in range(5):
        name = f"{number}.{position}"
        files = {"calculator__py": BROKEN} if position == broken else {"notes__txt": f"{name}\n"}
        repository.commit(f"change {name}", **files)
