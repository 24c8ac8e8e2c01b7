"""Parsing of the ids of unittest and pytest."""

from __future__ import annotations

import pytest

from batchhook.core.test_ids import (
    IdKind,
    display_name,
    is_fixture,
    is_inside,
    is_unloaded_module,
    module_files,
    module_of,
    owner,
    parse_id,
    split_suite,
    unittest_name,
)

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
    test = parse_id(test_id, module)
    assert (test.owner, test.name) == split


@pytest.mark.parametrize(
    ("test_id", "parts", "dotted_class"),
    [
        ("tests/t.py::test_x", ("tests/t.py", "", "test_x", "test_x"), "tests.t"),
        (
            "t.py::TestA::TestB::test_x[a::b-[1]]",
            ("t.py", "t.py::TestA::TestB", "test_x[a::b-[1]]", "test_x"),
            "t.TestA.TestB",
        ),
        ("tests (copy)/t.py::test_x", ("tests (copy)/t.py", "", "test_x", "test_x"), "tests (copy).t"),
        ("docs/README.rst::README.rst", ("docs/README.rst", "", "README.rst", "README.rst"), "docs.README.rst"),
    ],
)
def test_node_ids(test_id: str, parts: tuple[str, ...], dotted_class: str) -> None:
    test = parse_id(test_id)
    assert (test.module, test.class_name, test.name, test.function) == parts
    assert test.kind is IdKind.TEST
    assert test.dotted_class == dotted_class


@pytest.mark.parametrize("test_id", ["tests/t.py", "t.py", "tests/", "tests/conftest.py", FAILED_IMPORT])
def test_modules_that_cannot_be_loaded(test_id: str) -> None:
    assert is_unloaded_module(test_id)
    assert parse_id(test_id).kind is IdKind.MODULE


@pytest.mark.parametrize(
    ("test_id", "module", "expected"),
    [
        ("tests/t.py::test_x", "tests/t.py", True),
        ("tests/t.py::test_x", "tests", True),
        ("tests/t.py::test_x", "tests/", True),
        ("tests/t.py::test_x", "test", False),
        ("tests/t.py::test_x", owner("conftest.py"), True),
        ("tests/t2.py::test_x", "tests/t.py", False),
    ],
)
def test_node_ids_are_inside_their_file_and_folders(test_id: str, module: str, expected: bool) -> None:  # noqa: FBT001
    assert is_inside(test_id, module) is expected


@pytest.mark.parametrize("inside", [TEST, CLASS_FIXTURE, FAILED_IMPORT, "tests/t.py::TestA::test_x[a:b]", "tests/t.py"])
def test_ids_of_one_of_several_suites(inside: str) -> None:
    text = f"api:{inside}"
    assert split_suite(text) == ("api", inside)
    assert split_suite(inside) == ("", inside)
    plain, test = parse_id(inside), parse_id(text)
    assert (test.suite, test.kind, test.name) == ("api", plain.kind, plain.name)
    assert (test.module, test.owner) == tuple(f"api:{name}" if name else "" for name in (plain.module, plain.owner))
    assert (owner(text), module_of(text)) == (f"api:{owner(inside)}", f"api:{module_of(inside)}")
    assert is_inside(text, f"api:{owner(inside)}")
    assert is_inside(text, "api:.")
    assert not is_inside(text, "web:.")
    assert not is_inside(text, owner(inside))


def test_a_suite_that_cannot_run() -> None:
    assert is_unloaded_module("api:.")
    assert display_name("api:.") == "the suite api cannot run"


def test_a_generated_name_is_no_suite() -> None:
    assert split_suite("pkg.test_x.T.test_http://x") == ("", "pkg.test_x.T.test_http://x")
    assert split_suite("t.py::test_x[a:b]") == ("", "t.py::test_x[a:b]")


def test_files_of_modules() -> None:
    assert list(module_files("api:tests/t.py", ["", "api"])) == ["tests/t.py", "api/tests/t.py"]
    assert list(module_files("a.b", ["", "./src/"])) == [
        "a/b.py",
        "a/b/__init__.py",
        "src/a/b.py",
        "src/a/b/__init__.py",
    ]


def test_names_as_unittest_prints_them() -> None:
    assert unittest_name(TEST, "pkg.test_x") == "test_y (pkg.test_x.TestX.test_y)"
    assert unittest_name(CLASS_FIXTURE, "pkg.test_x") == CLASS_FIXTURE
    assert unittest_name("t.py::test_x", "t.py") == "t.py::test_x"


def test_display_names() -> None:
    assert display_name(FAILED_IMPORT, "ImportError: Failed to import test module: pkg.test_x") == (
        "pkg.test_x cannot be imported"
    )
    assert display_name(FAILED_IMPORT, "Failed to call load_tests:") == "load_tests of pkg.test_x failed"
    assert display_name("setUpClass (m.T)", "x") == "setUpClass (m.T)"
    assert display_name("m.T.test_x") == "m.T.test_x"
    assert display_name("tests/conftest.py") == "tests/conftest.py cannot be imported"
