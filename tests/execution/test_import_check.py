"""Results of modules from outside the checkout are refused; modules that only share a name are not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batchhook.execution import import_check
from batchhook.execution.import_check import first_party_names

if TYPE_CHECKING:
    from tests.execution.conftest import Project


def touch(root: Path, *files: str) -> Path:
    """Write empty files."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


def importing(statement: str, first: Path | None = None) -> str:
    """A suite that imports something, with a folder put first on the import path if given."""
    change = f"sys.path.insert(0, {str(first)!r})" if first else ""
    return f"""
        import sys, unittest
        {change}
        {statement}
        class T(unittest.TestCase):
            def test(self): pass
    """


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


def test_module_from_elsewhere(project: Project, elsewhere: Path) -> None:
    touch(elsewhere, "lib.py")
    outcome = project.write(lib="", test_a=importing("import lib", elsewhere)).run()
    assert "`lib` was imported from" in outcome.broken_reason
    assert "editable" in outcome.hint
    assert outcome.results == ()


@pytest.mark.parametrize("layout", ["", "src/"])
@pytest.mark.parametrize("module", ["acme/tool/__init__.py", "acme/tool.py", "acme/deep/tool.py"])
def test_namespace_module_from_elsewhere(project: Project, elsewhere: Path, layout: str, module: str) -> None:
    touch(project.root, layout + module)
    touch(elsewhere, module)
    name = module.replace("/__init__", "").replace(".py", "").replace("/", ".")
    outcome = project.write(test_a=importing(f"import {name}", elsewhere)).run()
    assert f"`{name}` was imported from {elsewhere / module}" in outcome.broken_reason
    assert outcome.results == ()


def test_a_namespace_module_imported_during_a_test(project: Project, elsewhere: Path) -> None:
    touch(project.root, "acme/tool.py")
    touch(elsewhere, "acme/tool.py")
    project.write(
        test_a=f"""
            import sys, unittest
            class T(unittest.TestCase):
                def test(self):
                    sys.path.insert(0, {str(elsewhere)!r})
                    import acme.tool
        """
    )
    assert "`acme.tool` was imported from" in project.run().broken_reason


# Files of the checkout, files elsewhere (later on the import path), and the import statement of the test.
HARMLESS = {
    "checkout": (["src/acme/tool/__init__.py"], ["acme/tool/__init__.py"], "import acme.tool"),
    "both_roots": (["src/acme/tool.py", "acme/tool.py", "src/one.py", "one.py"], [], "import acme.tool, one"),
    "another_part": (["src/acme/tool.py"], ["acme/other.py"], "import acme.tool, acme.other"),
    "tests": (["tests/helper.py"], ["tests/helper.py"], "import tests.helper"),
    "scripts_named_as_a_library": (
        ["docker/utils.py"],
        ["docker/__init__.py", "docker/utils.py"],
        "import docker.utils",
    ),
    "standard_library": (["xml/dom.py", "string.py"], [], "import xml.dom, string"),
    "insides_of_a_package": (["acme/__init__.py", "acme/tool.py"], ["acme/tool.py"], "import acme.tool"),
}


@pytest.mark.parametrize("case", sorted(HARMLESS))
def test_false_alarms(project: Project, elsewhere: Path, case: str) -> None:
    ours, theirs, statement = HARMLESS[case]
    touch(project.root, *ours)
    touch(elsewhere, *theirs)
    outcome = project.write(test_a=importing(f"sys.path.append({str(elsewhere)!r})\n        {statement}")).run()
    assert not outcome.broken_reason
    assert len(outcome.results) == 1


def test_names_of_namespaces(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(
            "one.py",
            "pack/__init__.py",
            "pack/inside.py",
            "acme/tool/__init__.py",
            "acme/tool/inside.py",
            "acme/one.py",
        ),
        *("acme/deep/down/two.py", "a/b/c/d/five.py", "a/b/c/d/e/six.py", "data/rows.csv", "with-dash/one.py"),
        *(".hidden/one.py", "env/pyvenv.cfg", "env/lib/one.py", "node_modules/one.py", "acme/__pycache__/one.py"),
    )
    names = ["one", "pack", "acme.one", "acme.tool", "acme.deep.down.two", "a.b.c.d.five"]
    assert first_party_names([tmp_path]) == sorted(names, key=lambda name: (name.count("."), name))


def test_names_of_several_roots(tmp_path: Path) -> None:
    touch(tmp_path, "src/acme/one.py", "src/two.py", "two.py", "acme/three.py")
    assert first_party_names([tmp_path / "src", tmp_path]) == [
        *("two", "acme.one", "acme.three", "src.two", "src.acme.one"),
    ]


def test_names_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_check, "MAX_NAMES", 3)
    touch(tmp_path, "z.py", "b/one.py", "b/two.py", "b/three.py", "b/c/four.py", f"{'long' * 60}/five.py")
    assert first_party_names([tmp_path]) == ["z", "b.one", "b.three"]


def test_names_in_unreadable_folders(tmp_path: Path) -> None:
    touch(tmp_path, "one.py", "locked/two.py")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "locked").chmod(0)
    try:
        names = first_party_names([tmp_path, tmp_path / "missing"])
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert names[:2] == ["one", "again.one"]
    assert len(names) < 20
