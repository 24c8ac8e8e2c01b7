"""Cost of recording a change, compared with git's own reading of the same work tree.

    python -m benchmarks.recording [--files 100 10000 100000] [--rounds N] [--keep DIR]

For each number of files, a real repository is created. In every round the contenders take turns, each after a change of
one file, so that other load on the machine affects all of them alike:

- ``git add --all`` with nothing to add, and ``git write-tree``, with an up-to-date index (the baseline);
- ``git stash create``;
- ``record`` in a running process (as in `watch` and the Python API): reading, writing the snapshot, counting;
- ``record`` with nothing changed, in the same process;
- the command ``batchhook record``, including the start of Python.

Medians are compared, also as ratios to the baseline.
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
from benchmarks.commit_cost import create_environment

BASELINE = "git add --all (nothing to add), git write-tree"
FILES_PER_FOLDER = 100


class BenchRepository:
    """A repository in which batchhook is installed, with a batch that never fills.

    Args:
        folder: folder to create it in.
        files: number of files.
    """

    def __init__(self, folder: Path, files: int) -> None:
        self.top = folder / "project"
        self._environment = create_environment(folder)
        self._edits = 0
        for number in range(files):
            path = self.top / f"folder{number // FILES_PER_FOLDER}" / f"file{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{number}\n" * 20)
        (self.top / ".batchhook.toml").write_text("batch_size = 1000000\n")
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "-m", "first")
        self.run(sys.executable, "-m", "batchhook", "install")
        self.workflow = Workflow(self.top)

    def run(self, *command: str) -> None:
        """Run a command in the repository.

        Raises:
            CalledProcessError: it failed.
        """
        subprocess.run(command, cwd=self.top, env=self._environment, check=True, capture_output=True)

    def edit(self) -> None:
        """Change a file."""
        self._edits += 1
        (self.top / "folder0" / "file0.txt").write_text(f"edit {self._edits}\n")

    def add_nothing(self) -> None:
        """Do what the baseline measures."""
        self.run("git", "add", "--all")
        self.run("git", "write-tree")


def contenders(repository: BenchRepository) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    """Yield each contender's name, its preparation (not timed), and its action."""

    def staged() -> None:
        repository.edit()
        repository.add_nothing()

    def record() -> None:
        if repository.workflow.record("a change").change is None:
            sys.exit("nothing was recorded")

    yield BASELINE, staged, repository.add_nothing
    yield "git stash create", repository.edit, lambda: repository.run("git", "stash", "create")
    yield "record, in a running process", repository.edit, record
    yield "record, nothing changed", lambda: None, lambda: repository.workflow.record("nothing")
    command = (sys.executable, "-m", "batchhook", "record", "-d", "a change")
    yield "batchhook record", repository.edit, lambda: repository.run(*command)


def measure(repository: BenchRepository, rounds: int) -> dict[str, list[float]]:
    """Return the durations in seconds, by contender; without the first round, which warms up."""
    durations: defaultdict[str, list[float]] = defaultdict(list)
    with repository.workflow:
        for turn in range(rounds + 1):
            for name, prepare, act in contenders(repository):
                prepare()
                started = time.perf_counter()
                act()
                if turn:
                    durations[name].append(time.perf_counter() - started)
    return durations


def show(files: int, durations: dict[str, list[float]]) -> None:
    """Print medians, and ratios to the baseline."""
    baseline = statistics.median(durations[BASELINE])
    print(f"\n{files} files, {len(durations[BASELINE])} rounds")
    for name, seconds in durations.items():
        median = statistics.median(seconds)
        print(f"  {name:50} {median * 1000:8.1f} ms   {median / baseline:6.2f}")


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """Create a temporary folder and delete it afterwards, or create one to keep."""
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="batchhook-recording-") as name:
        yield Path(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="create the repositories here, and keep them")
    options = parser.parse_args(arguments)
    for files in options.files:
        with folder(options.keep / str(files) if options.keep else None) as top:
            show(files, measure(BenchRepository(top, files), options.rounds))


if __name__ == "__main__":
    main()
