"""Settings of batches, and settings per branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.settings import GateMode, Settings
from batchhook.errors import ConfigurationError
from batchhook.workflow.context.config import SettingsSources, load
from tests.driving import CALCULATOR, Repository

BRANCHES = """\
batch_size = 4

[branches."release/*"]
batch_size = 1
gate = "block"

[branches."release/2.*"]
batch_size = 2
"""


def on(top: Path, branch: str, **flags: object) -> Settings:
    return load(SettingsSources(top, {}, flags), lambda: f"refs/heads/{branch}")


def test_each_branch_has_the_settings_of_its_patterns(tmp_path: Path) -> None:
    (tmp_path / ".batchhook.toml").write_text(BRANCHES)
    assert on(tmp_path, "main") == Settings(batch_size=4)
    assert on(tmp_path, "release/1.0") == Settings(batch_size=1, gate=GateMode.BLOCK)
    assert on(tmp_path, "release/2.0") == Settings(batch_size=2, gate=GateMode.BLOCK)
    assert on(tmp_path, "release/2.0", batch_size=9).batch_size == 9, "a flag goes over both"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[branches."x"]\nbatch_sise = 1\n', "branches.\"x\": unknown setting 'batch_sise'"),
        ('[branches."x"]\nbatch_size = 0\n', 'branches."x": batch_size = 0'),
        ("branches = 3\n", "must hold a table for each pattern"),
        ("[branches]\nx = 3\n", "must hold a table for each pattern"),
        ('[branches."x".branches."y"]\nbatch_size = 2\n', "unknown setting 'branches'"),
    ],
)
def test_settings_of_other_branches_are_validated_too(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / ".batchhook.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        on(tmp_path, "main")
    assert message in caught.value.message


def test_commits_are_counted_by_the_settings_of_their_branch(repository: Repository) -> None:
    repository.write(".batchhook.toml", BRANCHES)
    repository.commit("a")
    assert repository.commit("b") == "batchhook: batch 1, 2/4"
    repository.git("switch", "--quiet", "--create", "release/1.0")
    assert "batch 2 is full (1/1)" in repository.commit("c")
    repository.git("switch", "--quiet", "main")
    assert repository.commit("d").endswith("batchhook: batch 1, 3/4")


def test_the_gate_is_that_of_the_branch(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    release = '[branches."release/*"]\ngate = "block"\nknown_failures = "none"\n'
    project.write(".batchhook.toml", f'gate = "off"\nbatch_size = 1\n{release}')
    project.commit("break it", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    project.commit("more")
    project.git("switch", "--quiet", "--create", "release/1")
    project.commit("and more")
    project.batchhook("wait", "3", "--timeout", "90", code=1)
    project.git_both("commit", "--allow-empty", "-qm", "blocked", check=False)
    assert project.git("log", "-1", "--format=%s") == "and more"


def test_the_threshold_is_that_of_the_branch(project: Repository) -> None:
    project.write(".batchhook.toml", "batch_size = 1\n[branches.main]\ncritical_failure_threshold = 0.9\n")
    project.commit("break it", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    project.git("switch", "--quiet", "--create", "elsewhere")
    result = project.json("analyze", "1", code=1)
    assert (result["verdict"], result["critical_failure_threshold"]) == ("failed", 0.9)


def test_files_fill_a_batch_with_unit_file(repository: Repository) -> None:
    repository.write(".batchhook.toml", 'unit = "file"\n')
    assert repository.commit("one") == "batchhook: batch 1, 2/5 files", "the setting's own file, and another"
    assert repository.commit("two", a__txt="a", b__txt="b") == "batchhook: batch 1, 4/5 files"
    status = " ".join(repository.batchhook("status").split())
    assert "■■■■□ 4/5 files" in status
    output = repository.commit("three", c__txt="c", d__txt="d")
    assert "batch 1 is full (6/5 files)" in output
    result = repository.json("show", "1")["batch"]
    assert (result["unit"], result["size"], result["filled"], len(result["changes"])) == ("file", 5, 6, 3)
    assert repository.commit("four").endswith("batchhook: batch 2, 1/5 files")


def test_back_to_commits(repository: Repository) -> None:
    repository.write(".batchhook.toml", 'unit = "file"\n')
    repository.commit("one", a__txt="a")
    repository.write(".batchhook.toml", "")
    assert repository.commit("two", b__txt="b") == "batchhook: batch 1, 2/5"
    assert repository.commit("three") == "batchhook: batch 1, 3/5"
