"""Files with tests that unittest's discovery does not reach, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatch

from batchhook.core.plural import plural

_TEST_NAMES = ("test*.py", "*_test.py", "*_tests.py", "tests.py")
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "unittests"})
_PACKAGE = "__init__.py"


class Obstacle(Enum):
    """Reason why discovery passes over a file (``unittest.TestLoader.discover``)."""

    NO_PACKAGE = "no __init__.py"
    PATTERN = "other names"
    NOT_A_MODULE = "no module names"
    """The name of a file or a folder is no Python identifier."""

    OUTSIDE = "outside of start_dir"


@dataclass(frozen=True, slots=True)
class UndiscoveredGroup:
    """Files that discovery passes over for one reason.

    Attributes:
        folder: the folder that stands in the way, or that the files are in; empty for the top.
        files: with tests, relative to the top, sorted.
    """

    obstacle: Obstacle
    folder: str
    files: tuple[str, ...]

    def describe(self, start_dir: str, pattern: str) -> tuple[str, str]:
        """Return what is wrong and what to do about it, for the settings of that discovery."""
        folder, count = self.folder or ".", plural(len(self.files), "file with tests", "files with tests")
        example = self.files[0]
        match self.obstacle:
            case Obstacle.NO_PACKAGE:
                return f"{count} below {folder}, which has no __init__.py: {example}", f"create {folder}/{_PACKAGE}"
            case Obstacle.PATTERN:
                suggestion = "*_test.py" if example.endswith("_test.py") else "*.py"
                hint = f'rename them, or set pattern = "{suggestion}" in [tool.batchhook]'
                return f"{count} in {folder} with names that {pattern} does not match: {example}", hint
            case Obstacle.NOT_A_MODULE:
                return f"{count} in {folder} that cannot be imported by their names: {example}", "rename them"
            case Obstacle.OUTSIDE:
                return (
                    f"{count} in {folder}, outside of start_dir {start_dir}: {example}",
                    "set start_dir, or ignore it",
                )


def find_undiscovered(
    files: Collection[str], start_dir: str, pattern: str, has_tests: Callable[[str], bool]
) -> tuple[UndiscoveredGroup, ...]:
    """Find the files with tests that discovery passes over, the largest group first.

    Args:
        files: all Python files, relative to the top.
        start_dir: folder where discovery starts, relative to the top.
        pattern: of the names of test files.
        has_tests: returns whether a file holds tests; called for files that may, by their names or folders.
    """
    start = "" if start_dir in {"", "."} else start_dir.removeprefix("./").strip("/")
    packages = {path.rpartition("/")[0] for path in files if path.rpartition("/")[2] == _PACKAGE}
    groups: dict[tuple[Obstacle, str], list[str]] = {}
    for path in sorted(files):
        obstacle = _find_obstacle(path, start, pattern, packages) if _may_hold_tests(path) else None
        if obstacle is not None and has_tests(path):
            groups.setdefault(obstacle, []).append(path)
    undiscovered = [UndiscoveredGroup(*key, tuple(paths)) for key, paths in groups.items()]
    return tuple(sorted(undiscovered, key=lambda group: -len(group.files)))


def _may_hold_tests(path: str) -> bool:
    *folders, name = path.split("/")
    if name in {_PACKAGE, "conftest.py"}:
        return False
    return any(fnmatch(name, each) for each in _TEST_NAMES) or not _TEST_FOLDERS.isdisjoint(folders)


def _find_obstacle(path: str, start: str, pattern: str, packages: Collection[str]) -> tuple[Obstacle, str] | None:
    folder, _, name = path.rpartition("/")
    if start and folder != start and not folder.startswith(f"{start}/"):
        return Obstacle.OUTSIDE, folder
    for inner in _folders_between(start, folder):
        if inner not in packages:
            return Obstacle.NO_PACKAGE, inner
    if not fnmatch(name, pattern):
        return Obstacle.PATTERN, folder
    if not name.removesuffix(".py").isidentifier():
        return Obstacle.NOT_A_MODULE, folder
    return None


def _folders_between(start: str, folder: str) -> Iterator[str]:
    """Yield the folders below the start that lead to a folder, the outermost first."""
    if folder == start:
        return
    inside = folder.removeprefix(f"{start}/") if start else folder
    parts = inside.split("/")
    for length in range(1, len(parts) + 1):
        yield "/".join(([start] if start else []) + parts[:length])
