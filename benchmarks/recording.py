"""What it costs to record a change, beside what git does to look at the same work tree.

    python -m benchmarks.recording [--files 100 10000 100000] [--rounds N] [--keep DIR]

For each number of files a real repository. In every round one file is changed, and each contender has its turn, so that
whatever else the machine does meanwhile strikes them all alike:

- ``git add --all`` with nothing to add, and ``git write-tree``, on an index that knows all files (the yardstick);
- ``git stash create``;
- ``record`` in a process that stays (as `watch` and the Python API do): looking, writing the snapshot, counting;
- ``record`` with nothing changed, in the same process;
- the command ``batchhook record``, a process of its own, with all that starting Python takes.

Medians are compared, and how often each took as long as the yardstick.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batchhook import Workflow
from benchmarks.commit_cost import environment_in

YARDSTICK = "git add --all (nothing to add), git write-tree"
A_FOLDER = 100
"""Files in each folder."""


class Scene:
    """A repository with so many files, in which batchhook is installed and no batch ever fills.

    Args:
        folder: where it is made.
        files: how many.
    """

    def __init__(self, folder: Path, files: int) -> None:
        self.top = folder / "project"
        self._environment = environment_in(folder)
        self._edits = 0
        for number in range(files):
            path = self.top / f"folder{number // A_FOLDER}" / f"file{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{number}\n" * 20)
        (self.top / ".batchhook.toml").write_text("batch_size = 1000000\n")
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "-m", "first")
        self.run(sys.executable, "-m", "batchhook", "install")
        self.workflow = Workflow(self.top)

    def run(self, *command: str) -> None:
        """Run a command there; one that fails ends the benchmark."""
        subprocess.run(command, cwd=self.top, env=self._environment, check=True, capture_output=True)

    def edit(self) -> None:
        """Change a file."""
        self._edits += 1
        (self.top / "folder0" / "file0.txt").write_text(f"edit {self._edits}\n")

    def add_nothing(self) -> None:
        """The yardstick."""
        self.run("git", "add", "--all")
        self.run("git", "write-tree")


def contenders(scene: Scene) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Name, what happens before (not timed), and what is timed."""

    def staged() -> None:
        scene.edit()
        scene.add_nothing()

    def record() -> None:
        if scene.workflow.record("a change").change is None:
            sys.exit("nothing was recorded")

    yield YARDSTICK, staged, scene.add_nothing
    yield "git stash create", scene.edit, lambda: scene.run("git", "stash", "create")
    yield "record, in a process that stays", scene.edit, record
    yield "record, nothing changed", lambda: None, lambda: scene.workflow.record("nothing")
    command = (sys.executable, "-m", "batchhook", "record", "-d", "a change")
    yield "batchhook record", scene.edit, lambda: scene.run(*command)


def measure(scene: Scene, rounds: int) -> dict[str, list[float]]:
    """Seconds that each contender took, by its name; the first round warms up and is left out."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    with scene.workflow:
        for turn in range(rounds + 1):
            for name, before, act in contenders(scene):
                before()
                begun = time.perf_counter()
                act()
                if turn:
                    found[name].append(time.perf_counter() - begun)
    return found


def show(files: int, found: dict[str, list[float]]) -> None:
    """Print medians, and ratios to the yardstick."""
    yardstick = statistics.median(found[YARDSTICK])
    print(f"\n{files} files, {len(found[YARDSTICK])} rounds")
    for name, seconds in found.items():
        median = statistics.median(seconds)
        print(f"  {name:50} {median * 1000:8.1f} ms   {median / yardstick:6.2f}")


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """A folder for the length of a block, or one that is kept."""
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="batchhook-recording-") as name:
        yield Path(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="make the repositories here, and leave them")
    said = parser.parse_args(arguments)
    for files in said.files:
        with folder(said.keep / str(files) if said.keep else None) as place:
            show(files, measure(Scene(place, files), said.rounds))


if __name__ == "__main__":
    main()
