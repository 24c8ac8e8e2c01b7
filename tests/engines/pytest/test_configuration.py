"""Configuration files, layouts and options, each as the project has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from batchhook.engines.pytest.engine import PytestEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engines.pytest.conftest import PytestProject

CHECKS = """
    import os, warnings
    def check_inside(): pass
    def check_warning(): warnings.warn("w")
    class SuiteA:
        def check_method(self): assert 0
"""
SETTINGS = {
    "python_files": ["check_*.py"],
    "python_functions": ["check_*"],
    "python_classes": ["Suite*"],
    "testpaths": ["here"],
    "filterwarnings": ["error"],
}
OTHERS = {"here/check_a.py": CHECKS, "elsewhere/check_b.py": CHECKS, "here/test_c.py": "def test_c(): pass\n"}
INI = "\n".join(f"{name} = {' '.join(value)}" for name, value in SETTINGS.items())
TOML = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items())
FILES = {
    "pytest.ini": f"[pytest]\n{INI}\n",
    ".pytest.ini": f"[pytest]\n{INI}\n",
    "tox.ini": f"[tox]\n[pytest]\n{INI}\n",
    "setup.cfg": f"[metadata]\nname = x\n[tool:pytest]\n{INI}\n",
    "pyproject.toml": f"[tool.pytest.ini_options]\n{TOML}\n",
}
NATIVE = {"pytest.toml": f"[pytest]\n{TOML}\n", "pyproject.toml": f"[tool.pytest]\n{TOML}\n"}


@pytest.mark.parametrize("name", FILES)
def test_configuration_files(project: PytestProject, name: str) -> None:
    if name == ".pytest.ini" and project.version < (7,):
        pytest.skip("pytest 7 reads it first")
    project.write({name: FILES[name], **OTHERS})
    assert [row[:2] for row in project.compare(jobs=(1,))] == [
        ("here/check_a.py::SuiteA::check_method", "failed"),
        ("here/check_a.py::check_inside", "passed"),
        ("here/check_a.py::check_warning", "failed"),
    ]


@pytest.mark.parametrize("name", NATIVE)
def test_native_toml(project: PytestProject, name: str) -> None:
    if project.version < (9,):
        pytest.skip("pytest 9 reads these first")
    assert len(project.write({name: NATIVE[name], **OTHERS}).compare(jobs=(1,))) == 3


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_import_modes(project: PytestProject, mode: str) -> None:
    """Modules of equal names clash or do not, as under pytest."""
    helper = (
        "from pathlib import Path\ndef test_1(): import util; assert util.VALUE == 1\ndef test_2(): assert __name__\n"
    )
    project.write(
        {
            "pytest.ini": f"[pytest]\naddopts = --import-mode={mode}\npythonpath = lib\n",
            "lib/util.py": "VALUE = 1\n",
            "a/test_same.py": helper,
            "b/test_same.py": helper,
            "pkg/__init__.py": "",
            "pkg/test_same.py": "from . import shared\n" + helper,
            "pkg/shared.py": "",
            "pkg/conftest.py": "import pytest\n@pytest.fixture\ndef given(): return 1\n",
            "pkg/sub/__init__.py": "",
            "pkg/sub/test_deep.py": "from ..shared import __name__ as name\ndef test_3(given): assert given == 1\n",
        }
    )
    project.compare()


def test_source_layout(project: PytestProject) -> None:
    project.write(
        {
            "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--import-mode=importlib --doctest-modules'\n",
            "src/package/__init__.py": "VALUE = 1\n",
            "src/package/mod.py": '"""\n>>> 1\n2\n"""\n',
            "tests/test_a.py": "import package\ndef test_1(): assert package.VALUE == 1\n",
        }
    )
    rows = project.compare()
    assert [outcome for _, outcome, _ in rows] == ["failed", "passed"]


def test_configuration_of_a_part(project: PytestProject) -> None:
    """A start folder with a configuration of its own has ids relative to it, as under pytest."""
    project.write(
        {
            "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
            "packages/one/pytest.ini": "[pytest]\npython_functions = check_*\n",
            "packages/one/tests/test_a.py": "def check_1(): pass\ndef test_2(): pass\n",
            "packages/two/tests/test_a.py": "import nothing_at_all\n",
        }
    )
    rows = project.compare("packages/one", engine=PytestEngine(start_dir="packages/one"), jobs=(1, 2))
    assert rows == [("tests/test_a.py::check_1", "passed", "")]


@pytest.mark.parametrize("name", ["pytest.ini", "conftest.py", "setup.py"])
def test_nothing_around_the_checkout_counts(project: PytestProject, name: str) -> None:
    """Private checkouts are below shared folders; older ones of a project may have no configuration yet."""
    texts = {"pytest.ini": "[pytest]\npython_functions = nothing\n", "conftest.py": "raise OSError\n", "setup.py": ""}
    project.write({"tests/test_a.py": "def test_1(): pass\n"})
    (project.root.parent / name).write_text(texts[name])
    assert project.rows(project.run()) == [("tests/test_a.py::test_1", "passed", "")]
    outcome = project.run(engine=PytestEngine(start_dir="tests"))
    assert project.rows(outcome) == [("tests/test_a.py::test_1", "passed", "")]


MANY = "\n".join(f"def test_{number}(): assert {number} % 3" for number in range(12))
OFF = ["-x", "--maxfail=2", "--lf", "--ff", "--nf", "--sw", "--sw --sw-skip", "--collect-only", "--setup-plan", "--pdb"]
PLUGINS = {
    "-n auto": "xdist",
    "-n 2 --dist loadgroup": "xdist",
    "--dist=loadscope --tx 2*popen": "xdist",
    "--cov --cov-report=xml --cov-fail-under=100": "pytest_cov",
    "--reruns 2": "pytest_rerunfailures",
}


def test_options_that_leave_tests_out(project: PytestProject) -> None:
    project.write({"pytest.ini": f"[pytest]\naddopts = {' '.join(OFF)}\n", "test_a.py": MANY})
    assert len(project.compare("-o", "addopts=")) == 12


@pytest.mark.parametrize("options", PLUGINS)
def test_options_of_plugins(project: PytestProject, options: str, require: Callable[..., None]) -> None:
    require(PLUGINS[options])
    project.write({"pytest.ini": f"[pytest]\naddopts = {options}\n", "test_a.py": MANY})
    project.variables["PYTEST_ADDOPTS"] = "-x -p no:hypothesispytest"  # it takes longer to import than all others
    assert len(project.compare("-o", "addopts=", "--maxfail=0")) == 12


def test_reports_of_pytests_own(project: PytestProject) -> None:
    """Files that the options ask for are not written: each worker would overwrite them."""
    project.write({"pytest.ini": "[pytest]\naddopts = --junitxml=report.xml --basetemp=tmp\n", "test_a.py": MANY})
    project.compare("-o", "addopts=")


@pytest.mark.parametrize("options", ["-s", "--capture=sys", "--capture=tee-sys", "-p no:terminal", "-q -rA -v"])
def test_captures(project: PytestProject, options: str) -> None:
    project.write(
        {
            "pytest.ini": f"[pytest]\naddopts = {options}\n",
            "test_a.py": """
                import os, sys, subprocess
                def test_out(capsys):
                    print("x"); assert capsys.readouterr().out == "x\\n"
                def test_fd(capfd):
                    os.write(1, b"y"); subprocess.run(["echo", "z"]); assert capfd.readouterr().out == "yz\\n"
                def test_fails():
                    print("printed"); os.write(2, b"written"); assert 0
                def test_replaces(): sys.stdout = sys.stderr = None
                def test_last(): print("last")
            """,
        }
    )
    project.compare(jobs=(1,))


def test_no_cache_plugin(project: PytestProject) -> None:
    project.write({"pytest.ini": "[pytest]\naddopts = -p no:cacheprovider --strict-config\n", "test_a.py": MANY})
    project.compare()


def test_variables(project: PytestProject) -> None:
    project.write({"test_a.py": MANY, "helper_plugin.py": "import pytest\n@pytest.fixture\ndef helped(): return 1\n"})
    project.write({"test_b.py": "def test_b(helped): assert helped == 1\n"})
    project.variables |= {"PYTEST_ADDOPTS": "-k 'test_1 or test_b'", "PYTEST_PLUGINS": "helper_plugin"}
    assert len(project.compare()) == 4


def test_workers_share_a_fresh_folder(project: PytestProject) -> None:
    """As with pytest-xdist: each has its own below one that no other run has."""
    text = """
        import os
        def test_1(tmp_path_factory):
            own = tmp_path_factory.getbasetemp()
            assert own.name == "popen-" + os.environ["PYTEST_XDIST_" + "WORKER"]
            assert all(each.name.startswith(("popen-gw", ".")) for each in own.parent.iterdir())
            with open(os.environ["LOG"], "a") as log: log.write(f"{own.parent}\\n")
    """
    project.write({f"test_{name}.py": text for name in "abcdef"})
    folders = []
    for _ in range(2):
        assert {outcome for _, outcome, _ in project.rows(project.run(2))} == {"passed"}
        folders.append(set(project.log.read_text().split()))
    assert [len(each) for each in folders] == [1, 1]
    assert folders[0] != folders[1]


SHARED = """
    import os
    def test_1(tmp_path_factory):
        prefix = "PYTEST_" + "XDIST_"
        own = tmp_path_factory.getbasetemp()
        names = ("WORKER_COUNT", "TESTRUNUID")
        assert own.name == "popen-" + os.environ[prefix + "WORKER"]
        with open(os.environ["LOG"], "a") as log:
            print(own.parent, *(os.environ[prefix + name] for name in names), file=log)
"""


@pytest.mark.parametrize("conftest", ["", "def pytest_sessionstart(): pass\n"], ids=["copies", "no copies"])
def test_workers_share_what_those_of_xdist_share(project: PytestProject, conftest: str) -> None:
    project.write({"conftest.py": conftest, **{f"test_{name}.py": SHARED for name in "abcdef"}})
    project.variables["PYTHONHASHSEED"] = "0"
    runs = []
    for _ in range(2):
        assert {outcome for _, outcome, _ in project.rows(project.run(2))} == {"passed"}
        (line,) = set(project.log.read_text().splitlines())
        runs.append(line.split())
    assert [count for _, count, _ in runs] == ["2", "2"]
    assert runs[0][0] != runs[1][0]
    assert runs[0][2] != runs[1][2]


KILLED = """
    import os, signal, time
    def test_ends(tmp_path): (tmp_path / "file").touch()
    def test_is_killed(tmp_path): os.kill(os.getpid(), signal.SIGKILL)
    def test_hangs(tmp_path): time.sleep(60)
    def test_takes_rights_away(tmp_path):
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner" / "file").touch()
        (tmp_path / "inner").chmod(0)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_temporary_files_are_removed_even_of_killed_workers(project: PytestProject, tmp_path: Path, jobs: int) -> None:
    project.write({"test_a.py": KILLED, "test_b.py": KILLED.replace("test_hangs", "other")})
    (tmp_path / "temporary").mkdir()
    project.variables |= {"TMPDIR": str(tmp_path / "temporary"), "PYTEST_DEBUG_TEMPROOT": ""}
    outcome = project.run(jobs, test_timeout=1.0)
    assert {result.outcome.value for result in outcome.results} == {"passed", "crashed", "timed out"}
    assert not list((tmp_path / "temporary").iterdir())


def test_workers_have_their_names_from_the_start(project: PytestProject) -> None:
    """A module that reads the name while it is imported, for a database perhaps, has the one that holds for tests."""
    project.write(
        {
            "conftest.py": "import os\nNAME = os.environ.get('PYTEST_XDIST_WORKER')\n",
            **{
                f"test_{name}.py": "import os, conftest\n"
                "def test_1(): assert conftest.NAME == os.environ.get('PYTEST_XDIST_WORKER')\n"
                for name in "abcdef"
            },
        }
    )
    assert {outcome for _, outcome, _ in project.rows(project.run(2))} == {"passed"}


def test_workers_are_given_what_plugins_hand_to_those_of_xdist(project: PytestProject) -> None:
    """pytest-randomly 5.1 reads its seed there in each worker, whatever its option says."""
    project.write(
        {
            "conftest.py": "def pytest_configure(config):\n"
            "    assert getattr(config, 'workerinput', {'randomly_seed': 1})['randomly_seed'] == 1\n",
            **{f"test_{name}.py": "def test_1(): pass\n" for name in "abcdef"},
        }
    )
    assert {outcome for _, outcome, _ in project.rows(project.run(2))} == {"passed"}
