"""The Python that runs the tests: the project's own, wherever its environment is, and its distributions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from batchhook.errors import SuiteError
from batchhook.execution import venvs
from batchhook.execution.interpreter import find_interpreter
from tests.driving import other_python


def make_venv(folder: Path) -> Path:
    """Create a virtual environment, and return its Python."""
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


def packages(python: Path) -> Path:
    """The folder of distributions in a virtual environment."""
    return next(python.parent.parent.glob("lib/python3*/site-packages"))


def tool(folder: Path, name: str, script: str) -> None:
    """Write a command."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


# --- the configuration and the project's folders ----------------------------------------------------------------------


def test_auto_prefers_the_projects_environment(tmp_path: Path) -> None:
    binary = tmp_path / ".venv" / "bin" / "python"
    binary.parent.mkdir(parents=True)
    real = shutil.which("python3", path="/usr/bin") or shutil.which("python3") or ""
    binary.symlink_to(Path(real).resolve())
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(real).resolve().parent}\n")
    found = find_interpreter("auto", [tmp_path], {"PATH": "/usr/bin:/bin"})
    assert found.path == binary
    assert found.reason == "the project's virtual environment .venv"
    assert find_interpreter(".venv/bin/python", [tmp_path], {}).path == binary


def test_an_interpreter_that_does_not_exist_or_start(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="does not exist"):
        find_interpreter("nowhere/python", [tmp_path], {})
    tool(tmp_path, "bad", "echo broken >&2; exit 1")
    with pytest.raises(SuiteError, match="broken"):
        find_interpreter("./bad", [tmp_path], {})
    with pytest.raises(SuiteError, match="No Python"):
        find_interpreter("auto", [tmp_path], {"PATH": str(tmp_path / "empty")})


@pytest.mark.parametrize("variable", ["", "VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_environment_that_does_not_start_is_not_passed_over(tmp_path: Path, variable: str) -> None:
    folder = tmp_path / ("active" if variable else "venv")
    python = make_venv(folder)
    python.unlink()
    python.symlink_to("/nowhere/python3")
    variables = {"PATH": "/usr/bin:/bin", variable or "_": str(folder)}
    with pytest.raises(SuiteError, match=f"environment {folder.name}.* cannot run the tests: .* does not start"):
        find_interpreter("auto", [tmp_path], variables)
    shutil.rmtree(folder)
    assert "on $PATH" in find_interpreter("auto", [tmp_path], variables).reason


def test_a_conda_environment_of_the_project(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "env")
    (tmp_path / "env" / "pyvenv.cfg").rename(tmp_path / "env" / "kept.cfg")
    assert "on $PATH" in find_interpreter("auto", [tmp_path], {"PATH": "/usr/bin:/bin"}).reason
    (tmp_path / "env" / "conda-meta").mkdir()
    (tmp_path / "env" / "kept.cfg").rename(tmp_path / "env" / "pyvenv.cfg")
    assert find_interpreter("auto", [tmp_path], {"PATH": "/usr/bin:/bin"}).path == python


def test_a_folder_of_an_environment_precedes_a_command_of_that_name(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "env")
    assert find_interpreter("env", [tmp_path], {"PATH": "/usr/bin:/bin"}).path == python


def test_batchhooks_own_environment_is_never_used(tmp_path: Path) -> None:
    private = str(Path(sys.prefix) / "bin")
    hooks = {"PRE_COMMIT": "1", "VIRTUAL_ENV": sys.prefix, "PATH": private}
    with pytest.raises(SuiteError):
        find_interpreter("auto", [tmp_path], hooks)
    assert find_interpreter("auto", [tmp_path], {"VIRTUAL_ENV": sys.prefix, "PATH": private}).path.parent == Path(
        private
    )


# --- package managers -------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def managed(tmp_path: Path) -> Path:
    return make_venv(tmp_path / "elsewhere")


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A user's variables: commands of this test, and an active environment as the last resort."""
    make_venv(tmp_path / "active")
    return {"PATH": f"{tmp_path / 'tools'}:/usr/bin:/bin", "VIRTUAL_ENV": str(tmp_path / "active")}


def test_pdm(root: Path, managed: Path, variables: dict[str, str]) -> None:
    (root / ".pdm-python").write_text(f"{managed}\n")
    found = find_interpreter("auto", [root], variables)
    assert (found.path, found.reason) == (managed, "the project's PDM environment (.pdm-python)")


@pytest.mark.parametrize(
    ("name", "marker", "text", "arguments"),
    [
        ("poetry", "poetry.lock", "", "--no-interaction env info --executable"),
        (
            "poetry",
            "pyproject.toml",
            '[project]\nname = "a"\n[tool.poetry]\n',
            "--no-interaction env info --executable",
        ),
        ("poetry", "pyproject.toml", "[tool.poetry.dependencies]\n", "--no-interaction env info --executable"),
        ("pipenv", "Pipfile", "", "--py"),
    ],
)
def test_a_manager_is_queried(  # noqa: PLR0913, PLR0917 - fixtures
    root: Path, managed: Path, variables: dict[str, str], name: str, marker: str, text: str, arguments: str
) -> None:
    (root / marker).write_text(text)
    tool(
        root.parent / "tools",
        name,
        f'[ "$*:$PWD:$VIRTUAL_ENV" = "{arguments}:{root}:{variables["VIRTUAL_ENV"]}" ] || exit 1\n'
        f"if read line; then exit 1; fi\necho some notice >&2; echo another; echo {managed}",
    )
    found = find_interpreter("auto", [root], variables)
    assert found.path == managed
    assert found.reason == f"the project's {name.title()} environment (`{name} {arguments}`)"


def test_a_manager_is_queried_in_the_main_work_tree_as_well(
    root: Path, managed: Path, variables: dict[str, str]
) -> None:
    linked = root.parent / "linked"
    linked.mkdir()
    for folder in (linked, root):
        (folder / "Pipfile").write_text("")
    tool(root.parent / "tools", "pipenv", f'[ "$PWD" = "{root}" ] && echo {managed}')
    assert find_interpreter("auto", [linked, root], variables).path == managed


@pytest.mark.parametrize("text", [None, "", '[tool.black]\n# [tool.poetry]\n[tool.poetryish]\nx = "[tool.poetry]"\n'])
def test_no_manager_is_queried_without_a_marker(root: Path, variables: dict[str, str], text: str | None) -> None:
    if text is not None:
        (root / "pyproject.toml").write_text(text)
    for name in ("poetry", "pipenv"):
        tool(root.parent / "tools", name, f"touch {root}/queried")
    assert "$VIRTUAL_ENV" in find_interpreter("auto", [root], variables).reason
    assert not (root / "queried").exists()


def test_no_manager_is_queried_if_the_project_has_an_environment(root: Path, variables: dict[str, str]) -> None:
    (root / "poetry.lock").write_text("")
    tool(root.parent / "tools", "poetry", f"touch {root}/queried")
    python = make_venv(root / "venv")
    assert find_interpreter("auto", [root], variables).path == python
    assert not (root / "queried").exists()


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo /usr/bin/env; exit 1",
        "echo NA",
        "echo",
        "printf 'a\\000b\\n'",
        "echo /nowhere/python",
        "echo /",
        "",
    ],
)
def test_a_manager_without_an_environment_is_skipped(root: Path, variables: dict[str, str], script: str) -> None:
    (root / "poetry.lock").write_text("")
    (root / ".pdm-python").write_text("/nowhere/python")
    (root / "Pipfile").write_text("")  # and there is no pipenv
    tool(root.parent / "tools", "poetry", script)
    variables["PATH"] = f"{root.parent / 'tools'}"
    assert "$VIRTUAL_ENV" in find_interpreter("auto", [root], variables).reason


def test_an_environment_that_is_too_old_is_not_passed_over(root: Path, variables: dict[str, str]) -> None:
    (root / ".pdm-python").write_text(str(root / "old"))
    tool(root, "old", "printf '\\nbatchhook interpreter\\n3.7.9\\n/usr\\n-\\n-\\n\\n'")
    for environment in (variables, {"PATH": str(root / "empty")}):
        with pytest.raises(SuiteError, match=r"is Python 3\.7\.9.* tests need 3\.8"):
            find_interpreter("auto", [root], environment)


def test_a_manager_that_hangs_is_killed_with_its_children(
    root: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venvs, "MANAGER_TIMEOUT", 0.3)
    (root / "Pipfile").write_text("")
    tool(root.parent / "tools", "pipenv", f"(sleep 1; touch {root}/survived) & sleep 30")
    begin = time.perf_counter()
    assert "$VIRTUAL_ENV" in find_interpreter("auto", [root], variables).reason
    assert time.perf_counter() - begin < 10
    time.sleep(1)
    assert not (root / "survived").exists()


def test_a_manager_does_not_see_batchhooks_private_environment(
    root: Path, managed: Path, variables: dict[str, str]
) -> None:
    (root / "poetry.lock").write_text("")
    script = f'case "$VIRTUAL_ENV:$PATH" in *"{sys.prefix}"*) echo "{sys.executable}";; *) echo {managed};; esac'
    tool(root.parent / "tools", "poetry", script)
    path = f"{sys.prefix}/bin:{variables['PATH']}"
    hooks = variables | {"PRE_COMMIT": "1", "VIRTUAL_ENV": sys.prefix, "PATH": path}
    assert find_interpreter("auto", [root], hooks).path == managed


# --- distributions ----------------------------------------------------------------------------------------------------


def digest(python: Path, variables: dict[str, str] | None = None) -> str:
    return find_interpreter(str(python), [], dict(os.environ) | (variables or {})).distributions


def test_the_same_environment_has_the_same_distributions(managed: Path, tmp_path: Path) -> None:
    first = digest(managed)
    assert len(first) == 64
    assert digest(managed) == first
    (packages(managed) / "module.py").write_text("")
    (packages(managed) / "__pycache__").mkdir(exist_ok=True)
    assert digest(managed) == first
    assert digest(make_venv(tmp_path / "another")) == first


@pytest.mark.parametrize("name", ["acme-1.0.dist-info", "acme-1.0-py3.8.egg-info", "__editable__.acme-1.0"])
def test_distributions_count(managed: Path, name: str) -> None:
    before = digest(managed)
    (packages(managed) / name).mkdir()
    after = digest(managed)
    assert after != before
    (packages(managed) / name).rename(packages(managed) / name.replace("1.0", "1.1"))
    assert digest(managed) not in {before, after}
    (packages(managed) / name.replace("1.0", "1.1")).rmdir()
    assert digest(managed) == before


@pytest.mark.parametrize("name", ["acme.pth", "acme.egg-link", "__editable___acme_finder.py"])
def test_targets_of_editable_installs_count(managed: Path, tmp_path: Path, name: str) -> None:
    digests = {digest(managed)}
    for text in ("one", "two"):
        (packages(managed) / name).write_text(str(tmp_path / text))
        digests.add(digest(managed))
    assert len(digests) == 3


def test_the_projects_own_editable_install_is_stable(managed: Path, tmp_path: Path) -> None:
    source = tmp_path / "project" / "src"
    (source / "acme.egg-info").mkdir(parents=True)
    (packages(managed) / "__editable__.acme-1.0.pth").write_text(str(source))
    (packages(managed) / "acme-1.0.dist-info").mkdir()
    before = digest(managed)
    (source / "acme.py").write_text("")
    (source / "acme.egg-info" / "SOURCES.txt").write_text("acme.py")
    (packages(managed) / "acme-1.0.dist-info" / "direct_url.json").write_text("{}")
    assert digest(managed) == before


def test_user_site_and_pythonpath_count(tmp_path: Path) -> None:
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
    user = tmp_path / "user" / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    user.mkdir(parents=True)
    variables = {"PYTHONUSERBASE": str(tmp_path / "user"), "PYTHONPATH": str(tmp_path / "more")}
    before = digest(python, variables)
    (user / "acme-1.0.dist-info").mkdir()
    with_users = digest(python, variables)
    (tmp_path / "more" / "more-1.0.dist-info").mkdir(parents=True)
    assert len({before, with_users, digest(python, variables)}) == 3


def test_the_working_directory_does_not_count(managed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(managed)
    (tmp_path / "acme-1.0.dist-info").mkdir()
    for name in ("os", "hashlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    assert digest(managed) == before


def test_output_of_site_modules_is_ignored(managed: Path) -> None:
    before = digest(managed)
    (packages(managed) / "sitecustomize.py").write_text(
        "import atexit\nprint('hello')\natexit.register(print, 'goodbye')"
    )
    assert digest(managed) == before
    (packages(managed) / "odd.pth").mkdir()
    os.mkfifo(packages(managed) / "pipe.egg-link")
    assert digest(managed) != before


@pytest.mark.parametrize("minor", range(8, 15))
def test_every_python_describes_itself(tmp_path: Path, minor: int) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([other_python(f"3.{minor}"), "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    before = digest(python)
    (packages(python) / "caf\u00e9-1.0.dist-info").mkdir()
    assert digest(python, {"LC_ALL": "C"}) not in {before, ""}


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("pytest-9.2.0.dist-info", "9.2.0"),
        ("pytest-6.2.5-py3.8.egg-info", "6.2.5"),
        ("pytest_cov-5.0.dist-info", ""),
        ("pytest-cov-5.0.dist-info", ""),
    ],
)
def test_the_installed_pytest(managed: Path, name: str, version: str) -> None:
    assert find_interpreter(str(managed), [], {}).pytest == ""
    (packages(managed) / name).mkdir()
    assert find_interpreter(str(managed), [], {}).pytest == version


def test_a_pytest_that_runs_from_its_source_tree(managed: Path, tmp_path: Path) -> None:
    source = tmp_path / "pytest" / "src"
    (source / "pytest.egg-info").mkdir(parents=True)
    (source / "pytest.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: pytest\nVersion: 8.4.1\n")
    (packages(managed) / "easy-install.pth").write_text(str(source))
    assert find_interpreter(str(managed), [], {}).pytest == "8.4.1"
