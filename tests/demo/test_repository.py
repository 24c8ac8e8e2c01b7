from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batchhook.demo.printer import Printer
from batchhook.demo.repository import DemoRepository, UnexpectedResultError, prepare_folder
from batchhook.demo.scenario import DemoEngine, Scenario
from batchhook.demo.walkthrough import run_demo
from batchhook.errors import BatchhookError

SCENARIO = Scenario.read(DemoEngine.UNITTEST)


@pytest.fixture
def repository(tmp_path: Path) -> DemoRepository:
    return DemoRepository(prepare_folder(tmp_path / "demo"), Printer())


def test_set_up_makes_one_clean_commit(repository: DemoRepository) -> None:
    repository.set_up(SCENARIO)
    assert repository.output(["git", "log", "--format=%an %s"]) == "Ada Demo parcel 1.4"
    assert repository.output(["git", "status", "--porcelain", "--ignored"]) == ""


def test_global_hooks_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = tmp_path / "everywhere"
    everywhere.mkdir()
    refuse = everywhere / "pre-commit"
    refuse.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    refuse.chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        f'[core]\n\thooksPath = "{everywhere}"\n[commit]\n\tgpgSign = true\n[init]\n\ttemplateDir = "{everywhere}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    repository = DemoRepository(prepare_folder(tmp_path / "demo"), Printer())
    repository.set_up(SCENARIO)
    hooks = Path(repository.output(["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks"]))
    assert hooks == repository.folder / ".git" / "hooks"
    assert not (repository.folder / ".git" / "pre-commit").exists()


def test_started_inside_a_hook_of_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", other], check=True)
    before = sorted(path.relative_to(other) for path in other.rglob("*"))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody else")
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "3")
    repository = DemoRepository(prepare_folder(tmp_path / "demo"), Printer())
    repository.set_up(SCENARIO)
    assert Path(repository.output(["git", "rev-parse", "--absolute-git-dir"])) == repository.folder / ".git"
    assert sorted(path.relative_to(other) for path in other.rglob("*")) == before
    assert not {"BATCHHOOK_BATCH_SIZE", "GIT_AUTHOR_NAME"} & {
        line.partition("=")[0] for line in repository.output(["env"]).splitlines()
    }


def test_commands_and_their_errors_are_shown(repository: DemoRepository, capfd: pytest.CaptureFixture[str]) -> None:
    repository.set_up(SCENARIO)
    capfd.readouterr()
    with pytest.raises(UnexpectedResultError, match="git status --nonsense: exit code 129"):
        repository.run(["git", "status", "--nonsense"])
    shown = capfd.readouterr()
    assert shown.out.startswith("$ git status --nonsense\nerror: unknown option")
    assert shown.err == ""


def test_output_that_is_not_json(repository: DemoRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchhook.demo.repository.sys.executable", "echo")
    with pytest.raises(UnexpectedResultError, match="did not print JSON: '-m batchhook analyze 1 --json'"):
        repository.read_json("analyze", "1")


def test_folder_that_is_not_empty(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.touch()
    for folder in (tmp_path, mine):
        with pytest.raises(BatchhookError, match="is not empty"):
            run_demo(folder)
    assert list(tmp_path.iterdir()) == [mine]


def test_engine_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made, and the command that installs it is named."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(BatchhookError, match="pytest is not installed") as error:
        run_demo(tmp_path / "demo", DemoEngine.PYTEST)
    assert error.value.hint == f"install it: {sys.executable} -m pip install pytest"
    assert not (tmp_path / "demo").exists()


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatchhookError, match="git was not found"):
        run_demo(None)


def test_unexpected_result_is_reported_and_the_repository_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("batchhook.demo.repository.sys.executable", "false")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run_demo(None) == 3
    (kept,) = tmp_path.iterdir()
    assert (kept / "parcel").is_dir()
    shown = capfd.readouterr().out
    assert "$ batchhook install\n" in shown
    assert "The demo stopped: unexpected result. batchhook install: exit code 1" in shown
    assert f"The repository is kept: {kept}" in shown


def test_interrupt_deletes_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_demo(None, pause=1)
    assert list(tmp_path.iterdir()) == []
