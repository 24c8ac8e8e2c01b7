"""Parsing of unittest ids."""

from __future__ import annotations

import pytest

from batchhook.core.unittest_ids import display_name, is_fixture, is_inside, module_of, owner, split_id

TEST = "pkg.test_x.TestX.test_y"
CLASS_FIXTURE = "setUpClass (pkg.test_x.TestX)"
MODULE_FIXTURE = "tearDownModule (pkg.test_x)"
FAILED_IMPORT = "unittest.loader._FailedTest.pkg.test_x"


@pytest.mark.parametrize(
    ("test_id", "fixture", "owned_by", "module"),
    [
        (CLASS_FIXTURE, True, "pkg.test_x.TestX", "pkg.test_x"),
        (MODULE_FIXTURE, True, "pkg.test_x", "pkg.test_x"),
        (FAILED_IMPORT, False, "pkg.test_x", "pkg.test_x"),
    ],
)
def test_special_ids(test_id: str, fixture: bool, owned_by: str, module: str) -> None:  # noqa: FBT001 - expected result
    assert is_fixture(test_id) is fixture
    assert owner(test_id) == owned_by
    assert module_of(test_id) == module


@pytest.mark.parametrize("test_id", [TEST, CLASS_FIXTURE, MODULE_FIXTURE, FAILED_IMPORT])
def test_ids_are_inside_their_module_and_package(test_id: str) -> None:
    assert is_inside(test_id, "pkg.test_x")
    assert is_inside(test_id, "pkg")
    assert not is_inside(test_id, "pkg.test")


@pytest.mark.parametrize(
    ("test_id", "module", "split"),
    [
        (TEST, "pkg.test_x", ("pkg.test_x.TestX", "test_y")),
        ("m.Outer.Inner.test_y", "m", ("m.Outer.Inner", "test_y")),
        ("m.T.test_1.5", "m", ("m.T", "test_1.5")),
        ("m.T.runTest", "m", ("m.T", "runTest")),
        ("other.T.test_y", "m", ("other.T", "test_y")),
        ("lonely", "", ("", "lonely")),
        (CLASS_FIXTURE, "pkg.test_x", ("pkg.test_x.TestX", CLASS_FIXTURE)),
        (FAILED_IMPORT, "pkg.test_x", ("unittest.loader._FailedTest", "pkg.test_x")),
    ],
)
def test_split_id(test_id: str, module: str, split: tuple[str, str]) -> None:
    assert split_id(test_id, module) == split


def test_display_names() -> None:
    assert display_name(FAILED_IMPORT, "ImportError: Failed to import test module: pkg.test_x") == (
        "pkg.test_x cannot be imported"
    )
    assert display_name(FAILED_IMPORT, "Failed to call load_tests:") == "load_tests of pkg.test_x failed"
    assert display_name("setUpClass (m.T)", "x") == "setUpClass (m.T)"
    assert display_name("m.T.test_x") == "m.T.test_x"
