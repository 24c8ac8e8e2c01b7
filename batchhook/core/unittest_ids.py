"""Reading the ids that unittest gives to what is no test: fixtures, and modules that cannot be imported."""

from __future__ import annotations

FAILED_IMPORT = "unittest.loader._FailedTest."
"""What the id of a module that cannot be imported begins with; the module's name follows."""

_FIXTURES = frozenset({"setUpClass", "setUpModule", "tearDownClass", "tearDownModule"})


def is_fixture(name: str) -> bool:
    """Whether this is ``setUpModule (pkg.module)`` or the like."""
    return name.partition(" (")[0] in _FIXTURES


def owner(name: str) -> str:
    """The class or module of a fixture, the module of a failed import; of a test, its own id."""
    if is_fixture(name):
        return name.partition(" (")[2].removesuffix(")")
    return name.removeprefix(FAILED_IMPORT)


def module_of(name: str) -> str:
    """The module of a fixture (by convention of names: what stands before the class) or of a failed import."""
    return owner(name).rpartition(".")[0] if name.partition(" (")[0].endswith("Class") else owner(name)


def is_inside(name: str, module: str) -> bool:
    """Whether a test, a fixture, or a failed import is of a module or of one in that package."""
    return f"{owner(name)}.".startswith(f"{module}.")


def split(name: str, module: str) -> tuple[str, str]:
    """An id as class and name: joined by a dot they are the id, but for fixtures.

    A fixture (``setUpClass (pkg.test_x.TestX)``) has its whole id for a name, and what it is of for a class.

    Args:
        name: the id.
        module: that the test's class was defined in.
    """
    if is_fixture(name):
        return owner(name), name
    if name.startswith(FAILED_IMPORT):
        return FAILED_IMPORT.rstrip("."), name.removeprefix(FAILED_IMPORT)
    if not module or not name.startswith(f"{module}."):
        group, _, rest = name.rpartition(".")
        return (group, rest) if group else ("", name)
    # Classes may be nested, and a name that somebody made up may hold dots: it begins with the first part that could.
    parts = name.removeprefix(f"{module}.").split(".")
    begin = next((place for place, part in enumerate(parts) if place and part.startswith("test")), len(parts) - 1)
    return ".".join((module, *parts[:begin])), ".".join(parts[begin:])
