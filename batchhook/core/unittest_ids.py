"""Parsing of unittest ids, including those of fixtures and of modules that cannot be imported."""

from __future__ import annotations

FAILED_IMPORT = "unittest.loader._FailedTest."
"""Prefix of the id of a module that cannot be imported; the module's name follows."""

_FIXTURES = frozenset({"setUpClass", "setUpModule", "tearDownClass", "tearDownModule"})


def is_fixture(test_id: str) -> bool:
    """Return whether an id is that of a fixture, such as ``setUpModule (pkg.module)``."""
    return test_id.partition(" (")[0] in _FIXTURES


def owner(test_id: str) -> str:
    """Return the class or module of a fixture, the module of a failed import, or the id itself for a test."""
    if is_fixture(test_id):
        return test_id.partition(" (")[2].removesuffix(")")
    return test_id.removeprefix(FAILED_IMPORT)


def display_name(test_id: str, traceback: str = "") -> str:
    """Return the name of a failing test for people: an id, or what is wrong with a module that unittest cannot load.

    Args:
        test_id: of the test, a fixture, or a module that cannot be loaded.
        traceback: of its failure.
    """
    if not test_id.startswith(FAILED_IMPORT):
        return test_id
    module = test_id.removeprefix(FAILED_IMPORT)
    is_imported = "Failed to call load_tests:" in traceback
    return f"load_tests of {module} failed" if is_imported else f"{module} cannot be imported"


def module_of(test_id: str) -> str:
    """Return the module of a fixture or failed import; for a class fixture, by convention all but the last part."""
    name = owner(test_id)
    return name.rpartition(".")[0] if test_id.partition(" (")[0].endswith("Class") else name


def is_inside(test_id: str, module: str) -> bool:
    """Return whether a test, fixture or failed import belongs to a module, or to a module inside that package."""
    return f"{owner(test_id)}.".startswith(f"{module}.")


def split_id(test_id: str, module: str) -> tuple[str, str]:
    """Split an id into class and name; except for fixtures, they form the id when joined by a dot.

    For a fixture (``setUpClass (pkg.test_x.TestX)``) the name is the whole id and the class is its owner. ``module`` is
    the module that defines the test's class.
    """
    if is_fixture(test_id):
        return owner(test_id), test_id
    if test_id.startswith(FAILED_IMPORT):
        return FAILED_IMPORT.rstrip("."), test_id.removeprefix(FAILED_IMPORT)
    if not module or not test_id.startswith(f"{module}."):
        group, _, rest = test_id.rpartition(".")
        return (group, rest) if group else ("", test_id)
    # Classes may be nested, and a generated test name may contain dots: it starts at the first part that can be a
    # test's name.
    parts = test_id.removeprefix(f"{module}.").split(".")
    start = next((index for index, part in enumerate(parts) if index and part.startswith("test")), len(parts) - 1)
    return ".".join((module, *parts[:start])), ".".join(parts[start:])
