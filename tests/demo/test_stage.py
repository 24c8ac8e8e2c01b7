from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from batchhook.demo.play import play
from batchhook.demo.screen import Screen
from batchhook.demo.stage import OffScriptError, Stage, prepare
from batchhook.errors import BatchhookError


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(prepare(tmp_path / "stage"), Screen())


def test_repository_with_one_commit_and_nothing_left_over(stage: Stage) -> None:
    stage.set_up()
    assert stage.output(["git", "log", "--format=%an %s"]) == "Ada Demo parcel 1.4"
    assert stage.output(["git", "status", "--porcelain", "--ignored"]) == ""


def test_hooks_that_the_user_has_everywhere_stay_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    stage = Stage(prepare(tmp_path / "stage"), Screen())
    stage.set_up()
    hooks = Path(stage.output(["git", "rev-parse", "--path-format=absolute", "--git-path", "hooks"]))
    assert hooks == stage.folder / ".git" / "hooks"
    assert not (stage.folder / ".git" / "pre-commit").exists()


def test_started_inside_a_hook_of_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", other], check=True)
    before = sorted(path.relative_to(other) for path in other.rglob("*"))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("BATCHHOOK_BATCH_SIZE", "3")
    stage = Stage(prepare(tmp_path / "stage"), Screen())
    stage.set_up()
    assert Path(stage.output(["git", "rev-parse", "--absolute-git-dir"])) == stage.folder / ".git"
    assert sorted(path.relative_to(other) for path in other.rglob("*")) == before
    assert "BATCHHOOK_BATCH_SIZE" not in stage.output(["env"])


def test_commands_are_shown_and_their_errors_too(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage.set_up()
    capfd.readouterr()
    with pytest.raises(OffScriptError, match="git status --nonsense: exit code 129"):
        stage.run(["git", "status", "--nonsense"])
    shown = capfd.readouterr()
    assert shown.out.startswith("$ git status --nonsense\nerror: unknown option")
    assert shown.err == ""


def test_what_is_no_json_is_no_fact(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchhook.demo.stage.sys.executable", "echo")
    with pytest.raises(OffScriptError, match="did not print JSON: '-m batchhook analyze 1 --json'"):
        stage.facts("analyze", "1")


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.touch()
    for folder in (tmp_path, mine):
        with pytest.raises(BatchhookError, match="is not empty"):
            play(folder)
    assert list(tmp_path.iterdir()) == [mine]


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatchhookError, match="git was not found"):
        play(None)


def test_a_story_that_goes_wrong_is_told_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("batchhook.demo.stage.sys.executable", "false")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert play(None) == 3
    (kept,) = tmp_path.iterdir()
    assert (kept / "parcel").is_dir()
    shown = capfd.readouterr().out
    assert "$ batchhook install\n" in shown
    assert "This is not how the story goes. batchhook install: exit code 1" in shown
    assert f"The repository is kept: {kept}" in shown


def test_interrupted_it_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        play(None, pause=1)
    assert list(tmp_path.iterdir()) == []
