"""An installed wheel is a working `batchhook`, hooks included."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hooks.conftest import User

pytestmark = pytest.mark.timeout(300)

HOOKS = ("post-applypatch", "post-commit", "post-merge", "post-rewrite", "pre-commit")


@pytest.fixture(scope="session")
def installed(
    share: Callable[[str, Callable[[Path], object]], Path],
    our_repository: tuple[Path, str],
    newcomers_environment: dict[str, str],
) -> Path:
    """The `bin` of a new virtual environment with our wheel in it; what we depend on is borrowed from this one."""

    def build(folder: Path) -> None:
        def run(*command: str | Path) -> None:
            done = subprocess.run(
                command, cwd=folder, env=newcomers_environment, capture_output=True, text=True, timeout=200, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

        source, _ = our_repository
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", source)
        (wheel,) = (folder / "dist").glob("batchhook-*.whl")
        run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
        run(
            *(sys.executable, "-m", "pip", "--python", folder / "env" / "bin" / "python"),
            *("install", "--quiet", "--no-deps", "--no-index", wheel),
        )
        (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
        # Its own packages come first, and .pth files of a folder named in one are not read: ours is the only batchhook.
        (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")

    return share("wheel", build) / "env" / "bin"


def test_a_wheel_installs_counts_and_leaves(user: User, installed: Path) -> None:
    batchhook = installed / "batchhook"
    python = installed / "python"
    home = Path(user.run(python, "-c", "import batchhook; print(batchhook.__file__)").strip()).parent
    assert home.is_relative_to(installed.parent)
    assert sorted(path.name for path in (home / "hooks").iterdir() if path.suffix != ".sh") == list(HOOKS)
    hooks = user.folder / ".git" / "hooks"
    user.write(".git/hooks/post-commit", "#!/bin/sh\necho what was here before\n")
    (hooks / "post-commit").chmod(0o755)

    user.run(batchhook, "install")
    for name in HOOKS:
        assert f"={python}\n" in (hooks / name).read_text("utf-8")
    first, second = user.commit(1), user.commit(2)

    assert "what was here before\nbatchhook: batch 1, 1/5\n" in first
    assert "what was here before\nbatchhook: batch 1, 2/5\n" in second
    assert '"summary": "Count to 2"' in user.run(batchhook, "status", "--json")

    user.run(batchhook, "uninstall")
    assert not [name for name in HOOKS if name != "post-commit" and (hooks / name).exists()]
    assert (hooks / "post-commit").read_text("utf-8") == "#!/bin/sh\necho what was here before\n"
    assert not list(hooks.glob("*batchhook*"))
    third = user.commit(3)
    assert "what was here before\n" in third
    assert "batchhook: " not in third


def test_a_wheels_fifth_commit_runs_the_suite(user: User, installed: Path) -> None:
    user.run(installed / "batchhook", "install")
    user.let_suite_end()
    output = [user.commit(number, BATCHHOOK_WAIT="0") for number in range(1, 6)]
    assert "batchhook: batch 1 is full (5/5), its tests run in the background\n" in output[-1]
    assert "batch 1 passed: 3 tests" in user.run(installed / "batchhook", "wait", "1", "--timeout", "60")
    page = Path(user.run(installed / "batchhook", "report", "1").strip())
    assert "<title>batch 1 passed · batchhook</title>" in page.read_text("utf-8")
