"""The command that installs a distribution works in the environment that it is for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook.execution.pip_command import install_command

SAFE = shutil.which("true") or ""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without pip, in a folder with a blank in its name."""
    folder = tmp_path_factory.mktemp("bare") / "my venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def package(folder: Path, name: str) -> None:
    """Put a package into an environment."""
    (library,) = folder.glob("lib/python3*/site-packages")
    (library / name).mkdir()
    (library / name / "__init__.py").touch()
    (library / name / "__main__.py").write_text("import sys; print(*sys.argv[1:])\n")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_by_pip(bare: Path, path: Path) -> None:
    own = path / "venv"
    shutil.copytree(bare, own, symlinks=True)
    package(own, "pip")
    command = install_command(own / "bin/python", "pytest")
    assert command == f"{own}/bin/python -m pip install pytest"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "install pytest\n"


def test_without_pip(bare: Path, path: Path) -> None:
    python = f"'{bare}/bin/python'"
    assert install_command(bare / "bin/python", "pytest") == f"{python} -m ensurepip && {python} -m pip install pytest"
    (path / "uv").symlink_to(SAFE)
    command = install_command(bare / "bin/python", "pytest")
    assert command == f"uv pip install --python {python} pytest"
    subprocess.run(["/bin/sh", "-c", command], check=True)


def test_made_by_uv_that_is_not_found(bare: Path, path: Path) -> None:
    """As in a hook that an IDE has called."""
    own = path / "venv"
    shutil.copytree(bare, own, symlinks=True)
    with (own / "pyvenv.cfg").open("a") as file:
        file.write("uv = 0.9.0\n")
    python = own / "bin/python"
    (library,) = own.glob("lib/python3*/site-packages")
    (library / "without.pth").write_text("import sys; sys.modules['ensurepip'] = None\n")
    assert install_command(python, "pytest") == f"uv pip install --python {python} pytest"


def test_a_python_that_does_not_start(path: Path) -> None:
    assert install_command(path / "python", "pytest") == f"{path}/python -m pip install pytest"


def test_a_python_of_the_system(path: Path) -> None:
    """Debian's, say: pip does not change it, so an environment is made."""
    python = path / "python"
    python.write_text("#!/bin/sh\nprintf '/usr\\npip ensurepip managed\\n'\n")
    python.chmod(0o755)
    expected = f"{python} -m venv .venv && .venv/bin/python -m pip install pytest"
    assert install_command(python, "pytest") == expected
    (path / "uv").symlink_to(SAFE)
    assert install_command(python, "pytest") == f"uv venv --python {python} .venv && uv pip install pytest"
