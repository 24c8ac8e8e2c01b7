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
