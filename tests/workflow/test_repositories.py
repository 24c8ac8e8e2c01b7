"""Repositories of every kind: each made for real, with a batch that runs, is rolled back, and comes again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")


def fill(repository: Repository, number: int = 1) -> None:
    """Two commits, the second of which breaks something, and the batch's run."""
    repository.commit("one", new__txt="new\n")
    repository.commit("two", calculator__py=BROKEN)
    repository.batchhook("wait", str(number), "--timeout", "90", code=1)


def begin(top: Path, *options: str) -> Repository:
    top.mkdir(parents=True)
    repository = Repository(top)
    repository.git("init", "--quiet", *options)
    return start(repository)


def start(repository: Repository) -> Repository:
    """A first commit, with batches of two."""
    settings = "batch_size = 2\ncritical_failure_threshold = 1\n"
    repository.write(".batchhook.toml", settings)
    repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    repository.batchhook("install")
    return repository


def state(repository: Repository) -> tuple[dict[str, bytes], str, str]:
    """All files, the index, HEAD."""
    files = {
        str(path.relative_to(repository.top)): path.read_bytes()
        for path in repository.top.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    return files, repository.git("ls-files", "--stage"), repository.head()


def go_back_and_forth(repository: Repository, number: int = 1) -> None:
    """Roll a batch of ``fill`` back and undo that; each gives exactly what it should."""
    repository.write("untracked.txt", "mine\n")
    before = state(repository)
    repository.batchhook("rollback", str(number), "-y")
    assert repository.read("calculator.py") == CALCULATOR
    assert not (repository.top / "new.txt").exists()
    assert repository.read("untracked.txt") == "mine\n"
    assert repository.git("diff", "--name-only") == ""
    repository.batchhook("undo", "-y")
    assert state(repository) == before


def whole_story(repository: Repository) -> None:
    fill(repository)
    found = repository.json("analyze", "1", code=1)
    (failure,) = found["failures"]
    assert failure["attribution"]["change"] == repository.head(), "found out what broke it"
    files = {file["path"] for change in found["batch"]["changes"] for file in change["files"]}
    assert files == {"calculator.py", "new.txt"}
    (backup,) = repository.json("backup", "--verify", "1")["backups"]
    assert {file["path"]: file["existed"] for file in backup["files"]} == {"calculator.py": True, "new.txt": False}
    go_back_and_forth(repository)
    repository.batchhook("rollback", "1", "--culprit", "-y")
    assert repository.read("calculator.py") == CALCULATOR
    assert repository.read("new.txt") == "new\n"


def test_sha_256_names(tmp_path: Path) -> None:
    repository = begin(tmp_path / "project", "--object-format=sha256")
    whole_story(repository)
    assert "the git command" in " ".join(repository.batchhook("doctor").split())


def test_refs_in_tables(tmp_path: Path) -> None:
    probe = subprocess.run(["git", "init", "-q", "--ref-format=reftable", tmp_path / "probe"], check=False)
    if probe.returncode:
        pytest.skip("this git is older than 2.45: it has no reftable")
    whole_story(begin(tmp_path / "project", "--ref-format=reftable"))


def test_a_linked_work_tree_while_another_has_the_branch(project: Repository) -> None:
    project.write(".batchhook.toml", "batch_size = 2\n")
    project.commit("settings")
    project.batchhook("status")
    project.commit("one", new__txt="new\n")
    project.batchhook("wait", "1", "--timeout", "90")
    project.git("worktree", "add", "--quiet", "-b", "topic", "../linked")
    linked = Repository(project.top.parent / "linked")
    before = state(project)
    linked.batchhook("rollback", "1", "-y")
    assert not (linked.top / "new.txt").exists()
    assert state(project) == before, "the other work tree is as it was"
    project.batchhook("undo", "-y", code=3)  # nothing was rolled back there
    linked.batchhook("undo", "-y")
    assert linked.read("new.txt") == "new\n"
    elsewhere = Repository(project.top.parent / "elsewhere")
    project.git("worktree", "add", "--quiet", "-b", "old", "../elsewhere", "HEAD~2")
    assert "git switch main" in elsewhere.batchhook("rollback", "1", "-y", code=3)


def test_a_bare_repository_with_work_trees(tmp_path: Path) -> None:
    begin(tmp_path / "origin")
    subprocess.run(["git", "clone", "-q", "--bare", "origin", "bare.git"], cwd=tmp_path, check=True)
    subprocess.run(["git", "worktree", "add", "-q", "../tree", "main"], cwd=tmp_path / "bare.git", check=True)
    repository = Repository(tmp_path / "tree")
    repository.batchhook("install")
    fill(repository)
    go_back_and_forth(repository)
    said = Repository(tmp_path / "bare.git").batchhook("status", code=3)
    assert "has no work tree" in said


def clone(tmp_path: Path, *options: str) -> Repository:
    """A clone of a repository with some history, over git's transport."""
    origin = begin(tmp_path / "origin")
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.commit("old", old__txt="old\n")
    origin.commit("older", old__txt="newer\n")
    address = f"file://{origin.top}"
    subprocess.run(["git", "clone", "-q", *options, address, tmp_path / "clone"], check=True)
    repository = Repository(tmp_path / "clone")
    repository.batchhook("install")
    return repository


def test_a_shallow_clone(tmp_path: Path) -> None:
    repository = clone(tmp_path, "--depth=1")
    assert repository.git("rev-list", "--count", "HEAD") == "1"
    fill(repository)
    go_back_and_forth(repository)


def test_a_partial_clone_fetches_what_it_needs(tmp_path: Path) -> None:
    repository = clone(tmp_path, "--filter=blob:none", "--no-checkout")
    repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/old.txt")
    repository.git("checkout", "-q", "main")
    assert "?" in repository.git("rev-list", "--objects", "--missing=print", "HEAD")
    fill(repository)
    go_back_and_forth(repository)


def test_a_partial_clone_without_its_origin_is_a_refusal(tmp_path: Path) -> None:
    repository = clone(tmp_path, "--filter=blob:none")
    repository.write("old.txt", "newest\n")
    repository.commit("three", old__txt="newest\n")
    repository.commit("four", old__txt="newest of all\n")
    repository.batchhook("wait", "1", "--timeout", "90")
    blob = repository.git("rev-parse", "HEAD~2:old.txt")
    forget(repository, blob)
    shutil.rmtree(tmp_path / "origin")
    before = state(repository)
    said = repository.batchhook("rollback", "1", "-y", code=3)
    assert "--from-backup" in said
    assert state(repository) == before
    repository.batchhook("rollback", "1", "--from-backup", "-y")
    assert repository.read("old.txt") == "newer\n"


def forget(repository: Repository, *oids: str) -> None:
    """Take objects out of a repository, packed or not."""
    packs = list((repository.top / ".git/objects/pack").glob("*.pack"))
    for pack in packs:
        moved = repository.top.parent / pack.name
        pack.rename(moved)
        subprocess.run(["git", "unpack-objects", "-q"], cwd=repository.top, input=moved.read_bytes(), check=True)
    for file in (repository.top / ".git/objects/pack").iterdir():
        file.unlink()
    for oid in oids:
        (repository.top / ".git/objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize("patterns", [("--cone", "in"), ("--no-cone", "in", ".batchhook.toml")])
def test_a_sparse_checkout_leaves_out_what_it_left_out(bare_repository: Repository, patterns: tuple[str, ...]) -> None:
    repository = bare_repository
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("first", **{"in/a": "a\n", "out/b": "b\n", "out/gone": "gone\n"})
    repository.batchhook("install", BATCHHOOK_NO_RUNNER="1")
    (repository.top / "out/gone").unlink()
    repository.git("config", "core.hooksPath", "/dev/null")
    repository.commit("batch", **{"in/a": "A\n", "out/b": "B\n", "out/new": "new\n"})
    repository.git("sparse-checkout", "set", *patterns)
    repository.batchhook("status", BATCHHOOK_NO_RUNNER="1")
    repository.write("mine", "mine\n")
    before = (state(repository), repository.git("ls-files", "-v"))
    repository.batchhook("rollback", "1", "-y")
    assert repository.read("in/a") == "a\n"
    assert repository.read("mine") == "mine\n"
    assert not (repository.top / "out").exists()
    assert repository.git("write-tree") == repository.git("rev-parse", "HEAD~1^{tree}")
    assert "S out/gone" in repository.git("ls-files", "-v").splitlines()
    repository.batchhook("undo", "-y")
    assert (state(repository), repository.git("ls-files", "-v")) == before
    repository.write("out/gone", "precious\n")
    assert "out/gone" in repository.batchhook("rollback", "1", "-y", code=3)
    assert repository.read("out/gone") == "precious\n"


@pytest.fixture
def quiet(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose batch 1, without a run, changed a file and added one in a folder."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("batch", README__md="changed\n", **{"folder/new.txt": "new\n"})
    repository.batchhook("backup", "1")
    return repository


WAYS = ((), ("--from-backup",))


def test_without_a_name_for_commits(quiet: Repository) -> None:
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[user]\n    useConfigOnly = true\n")
    before = state(quiet)
    quiet.batchhook("rollback", "1", "-y")
    assert quiet.read("README.md") == "hello\n"
    quiet.batchhook("undo", "-y")
    assert state(quiet) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_read_only_folder_is_a_refusal(quiet: Repository, way: tuple[str, ...]) -> None:
    (quiet.top / "folder").chmod(0o500)
    if os.access(quiet.top / "folder", os.W_OK):
        pytest.skip("root writes into read-only folders")
    before = state(quiet)
    said = quiet.batchhook("rollback", "1", *way, "-y", code=3)
    assert "no permission to write to" in said
    assert state(quiet) == before
    (quiet.top / "folder").chmod(0o700)


@pytest.mark.parametrize("way", WAYS)
def test_a_read_only_file(quiet: Repository, way: tuple[str, ...]) -> None:
    (quiet.top / "README.md").chmod(0o444)
    quiet.batchhook("rollback", "1", *way, "-y")
    assert quiet.read("README.md") == "hello\n"
    quiet.batchhook("undo", "-y")
    assert quiet.read("README.md") == "changed\n"


@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...]) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        repository = Repository(disk / "project")
        repository.top.mkdir()
        repository.git("init", "-q")
        (repository.top / "big").write_bytes(b"\0" * (3 << 20))
        repository.write(".batchhook.toml", "batch_size = 1\n")
        repository.commit("first", f__txt="f\n")
        repository.batchhook("install")
        (repository.top / "big").unlink()
        repository.commit("batch", f__txt="f\n")
        repository.batchhook("backup", "1")
        free = shutil.disk_usage(disk).free
        (disk / "filling").write_bytes(b"\0" * (free - (5 << 19)))
        before = state(repository)
        said = repository.batchhook("rollback", "1", *way, "-y", code=3)
        assert "not enough disk space in" in said
        assert "nothing was changed" in said
        assert state(repository) == before
        (disk / "filling").write_bytes(b"")
        (disk / "filling").write_bytes(b"\0" * shutil.disk_usage(disk).free)
        before = state(repository)
        said = repository.batchhook("rollback", "1", *way, "-y", code=3)  # there is no room for its own records
        assert "the disk is full: nothing was stored" in said
        assert state(repository) == before
        (disk / "filling").unlink()
        repository.batchhook("rollback", "1", *way, "-y")
        assert (repository.top / "big").stat().st_size == 3 << 20
    finally:
        subprocess.run(["umount", disk], check=True)


NO_LOCKS = """\
import errno
import fcntl


def flock(descriptor, how):
    raise OSError(errno.ENOLCK, "No locks available")


fcntl.flock = flock
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_drive_without_locks_is_a_refusal(quiet: Repository, tmp_path: Path, way: tuple[str, ...]) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without/sitecustomize.py").write_text(NO_LOCKS)
    before = state(quiet)
    said = quiet.batchhook("rollback", "1", *way, "-y", code=3, PYTHONPATH=str(tmp_path / "without"))
    assert "on a drive without file locks" in said
    assert state(quiet) == before


def test_a_repository_of_somebody_elses_is_not_opened(quiet: Repository) -> None:
    for command in (("status",), ("rollback", "1", "-y"), ("rollback", "1", "--from-backup", "-y"), ("install",)):
        said = quiet.batchhook(*command, code=3, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
        assert "safe.directory" in said


def test_the_state_folder_is_the_users_alone(quiet: Repository) -> None:
    root = quiet.top / ".git/batchhook"
    root.chmod(0o755)
    old = os.umask(0)
    try:
        quiet.batchhook("install")
        quiet.batchhook("backup", "1")
        quiet.batchhook("rollback", "1", "--from-backup", "-y")
    finally:
        os.umask(old)
    assert root.stat().st_mode & 0o777 == 0o700
    private = [path for name in ("backups", "restorations") for path in (root / name).rglob("*")]
    assert len(private) > 8
    assert {path.stat().st_mode & 0o077 for path in private} == {0}
