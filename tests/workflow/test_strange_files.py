"""Strange files: each comes back as it was, by git's objects and by the copies alone, and goes again with undo."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batchhook.git import empty_dirs
from tests.driving import Repository

WAYS = ((), ("--from-backup",))


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


def everything(top: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of all files, links and folders below a folder, but git's own."""
    found = {}
    for path in top.rglob("*"):
        relative = path.relative_to(top)
        if relative.parts[0] == ".git":
            continue
        mode = path.lstat().st_mode
        content = b"" if path.is_dir() else os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        found[str(relative)] = (mode & 0o170100, content)
    return found


def there_and_back(
    repository: Repository, before: Callable[[Path], None], after: Callable[[Path], None], way: tuple[str, ...]
) -> None:
    """A batch that leads from one state to another is rolled back, and that is undone; each gives just the other."""
    top = repository.top
    repository.write(".batchhook.toml", "batch_size = 1\n")
    before(top)
    repository.git("add", "--all")
    repository.git("commit", "-qm", "before")
    repository.batchhook("install")
    old = everything(top)
    after(top)
    repository.git("add", "--all")
    repository.git("commit", "-qm", "batch")
    new = everything(top)
    repository.batchhook("backup", "1")
    repository.batchhook("rollback", "1", *way, "-y")
    assert everything(top) == old
    repository.batchhook("undo", "-y")
    assert everything(top) == new


def old_files(top: Path) -> None:
    long = "n" * 251 + ".txt"
    for name in ("plain", "new\nline", "latin\udcff", long, "-rf", "README.md", "replaced", "sh", "q\"'$(touch x)`"):
        (top / name).write_bytes(os.fsencode(name) + b" before\n")
    (top / "sh").chmod(0o755)
    (top / "folder/deep").mkdir(parents=True)
    (top / "folder/deep/inner").write_text("inner\n")
    (top / "to-file").symlink_to("plain")
    (top / "to-folder").symlink_to("folder")
    (top / "dangling").symlink_to("nowhere")
    (top / "absolute").symlink_to("/etc/hostname")


def new_files(top: Path) -> None:
    long = "n" * 251 + ".txt"
    for name in ("plain", "new\nline", "latin\udcff", long, "-rf", "q\"'$(touch x)`"):
        (top / name).write_bytes(b"after \xff\0")
    (top / "plain").chmod(0o755)
    (top / "sh").chmod(0o644)
    (top / "README.md").rename(top / "readme.md")
    (top / "replaced").unlink()
    (top / "replaced").mkdir()
    (top / "replaced/by-a-folder").write_text("in it\n")
    shutil.rmtree(top / "folder")
    (top / "folder").write_text("a file\n")
    for link in ("to-file", "to-folder", "dangling", "absolute"):
        (top / link).unlink()
    (top / "to-file").write_text("a file\n")
    (top / "to-folder").mkdir()
    (top / "to-folder/inner").write_text("a folder\n")
    (top / "dangling").symlink_to("/nowhere/else")
    (top / "new-link").symlink_to("../outside")


@pytest.mark.parametrize("way", WAYS)
def test_names_links_modes_and_folders(bare_repository: Repository, way: tuple[str, ...]) -> None:
    there_and_back(bare_repository, old_files, new_files, way)


@pytest.mark.parametrize("way", WAYS)
def test_empty_folders_that_were_filled_are_there_again(bare_repository: Repository, way: tuple[str, ...]) -> None:
    top = bare_repository.top
    bare_repository.write("data/deep/only\udcff", "here\n")
    bare_repository.commit("before", place="a file\n")
    bare_repository.batchhook("install")
    bare_repository.git("rm", "-qr", "data", "place")
    for _ in range(5):
        bare_repository.commit("batch")
    for folder in ("data/deep", "data/other", "place/in\udcffside/further", "elsewhere"):
        (top / folder).mkdir(parents=True)
    found = everything(top)
    bare_repository.batchhook("backup", "1")
    bare_repository.batchhook("rollback", "1", *way, "-y")
    assert (top / "place").read_text() == "a file\n"
    assert (top / "data/deep/only\udcff").read_text() == "here\n"
    bare_repository.batchhook("undo", "-y")
    assert everything(top) == found
    if not way:
        bare_repository.batchhook("redo", "-y")
        (top / "elsewhere").rmdir()
        bare_repository.batchhook("undo", "-y")
        assert everything(top) == {path: what for path, what in found.items() if path != "elsewhere"}


def test_copies_share_their_room_where_the_file_system_can(tmp_path: Path) -> None:
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(400 << 20)
    try:
        subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, disk], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no XFS (xfsprogs), or no right to mount one")
    try:
        repository = Repository(disk / "project")
        repository.top.mkdir()
        repository.git("init", "-q")
        big = repository.top / "big"
        content = os.urandom(8 << 20)
        big.write_bytes(content)
        repository.write(".batchhook.toml", "batch_size = 1\n")
        repository.commit("first", f__txt="f\n")
        repository.batchhook("install")
        big.write_bytes(content[::-1])
        repository.commit("batch", f__txt="f\n")
        repository.batchhook("backup", "1")
        for command, now in (("rollback 1 --from-backup -y", content), ("undo -y", content[::-1])):
            free = _free(disk)
            repository.batchhook(*command.split())
            assert big.read_bytes() == now
            assert free - _free(disk) < 2 << 20, "neither what was there nor what came took room of its own"
    finally:
        subprocess.run(["umount", disk], check=True)


def _free(disk: Path) -> int:
    os.sync()
    return shutil.disk_usage(disk).free


def test_an_empty_folder_is_not_made_through_a_link(tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    top.mkdir()
    outside.mkdir()
    (top / "link").symlink_to(outside)
    (top / "file").touch()
    empty_dirs.recreate(top, ["link/in", "file/in", "../sideways", ".git/in", "fine/in"])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "outside",
        "top",
        "top/file",
        "top/fine",
        "top/fine/in",
        "top/link",
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("setting", ["attributes", "autocrlf"])
def test_line_ends_are_as_the_work_tree_has_them(
    bare_repository: Repository, way: tuple[str, ...], setting: str
) -> None:
    def before(top: Path) -> None:
        if setting == "attributes":
            (top / ".gitattributes").write_text("*.txt text eol=crlf\n*.enc text working-tree-encoding=UTF-16\n")
            (top / "b.enc").write_text("before\n", "utf-16")
        else:
            bare_repository.git("config", "core.autocrlf", "true")
            (top / ".batchhook.toml").write_bytes(b"batch_size = 1\r\n")
        (top / "a.txt").write_bytes(b"one\r\ntwo\r\n")
        (top / "gone.txt").write_bytes(b"gone\r\n")

    def after(top: Path) -> None:
        (top / "a.txt").write_bytes(b"one\r\nzwei\r\n")
        (top / "gone.txt").unlink()
        if setting == "attributes":
            (top / "b.enc").write_text("after\n", "utf-16")

    there_and_back(bare_repository, before, after, way)


@pytest.mark.parametrize("way", WAYS)
def test_filters_are_gone_through(bare_repository: Repository, way: tuple[str, ...]) -> None:
    bare_repository.git("config", "filter.upper.clean", "tr A-Z a-z")
    bare_repository.git("config", "filter.upper.smudge", "tr a-z A-Z")
    bare_repository.git("config", "filter.upper.required", "true")

    def before(top: Path) -> None:
        (top / ".gitattributes").write_text("*.up filter=upper\n")
        (top / "a.up").write_text("BEFORE\n")

    def after(top: Path) -> None:
        (top / "a.up").write_text("AFTER\n")

    there_and_back(bare_repository, before, after, way)
    assert bare_repository.git("show", "HEAD~1:a.up") == "before"
    bare_repository.git("config", "filter.upper.smudge", "false")
    said = bare_repository.batchhook("rollback", "1", *way, "-y", code=3)
    assert "a.up cannot be" in said
    assert "nothing was changed" in said
    assert bare_repository.read("a.up") == "AFTER\n"


@pytest.mark.parametrize("way", WAYS)
def test_pointers_of_lfs_stay_pointers(bare_repository: Repository, way: tuple[str, ...]) -> None:
    if shutil.which("git-lfs"):
        pytest.skip("git-lfs is installed: it would look for the contents")

    def pointer(content: bytes) -> str:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(content).hexdigest()}\nsize 1\n"

    def before(top: Path) -> None:
        (top / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        (top / "a.bin").write_text(pointer(b"a"))

    def after(top: Path) -> None:
        (top / "a.bin").write_text(pointer(b"b"))

    there_and_back(bare_repository, before, after, way)


def test_submodules_are_never_reached_into_from_a_backup(bare_repository: Repository, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.top.mkdir()
    library.git("init", "-q")
    library.commit("one", f__txt="one\n")
    repository = bare_repository
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "sm")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("first")
    repository.batchhook("install")
    inside = Repository(repository.top / "sm")
    inside.commit("two", f__txt="two\n")
    repository.commit("batch", f__txt="f\n")
    repository.batchhook("backup", "1")
    done = repository.json("rollback", "1", "--from-backup", "-y")
    assert [one["path"] for one in done["skipped_files"]] == ["sm"]
    assert inside.read("f.txt") == "two\n"
    assert not (repository.top / "f.txt").exists()


def test_a_folder_that_was_empty_before_is_not_known(bare_repository: Repository) -> None:
    """Git knows no empty folders, and copies of its files know none either: so they go with the last file in them."""
    repository = bare_repository
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("first")
    repository.batchhook("install")
    (repository.top / "data").mkdir()
    repository.commit("batch", **{"data/file": "1\n"})
    repository.batchhook("backup", "1")
    for way in WAYS:
        repository.batchhook("rollback", "1", *way, "-y")
        assert not (repository.top / "data").exists()
        repository.batchhook("undo", "-y")
        assert repository.read("data/file") == "1\n"


MEASURED = """
import re, runpy, sys
sys.argv = ["batchhook", *sys.argv[1:]]
try:
    runpy.run_module("batchhook", run_name="__main__")
finally:  # getrusage would say what the test runner took, from which we were forked
    print("peak", re.search("VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to ask")
def test_large_files_are_not_held_in_memory(bare_repository: Repository) -> None:
    repository, size = bare_repository, 300 << 20

    def measured(*arguments: str) -> int:
        """Run batchhook; gives the most memory that its own process took, in bytes."""
        command = [sys.executable, "-c", MEASURED, *arguments]
        done = subprocess.run(command, cwd=repository.top, capture_output=True, text=True, check=True)
        return int(done.stderr.rsplit("peak ", 1)[1]) * 1024

    repository.git("config", "core.compression", "0")
    repository.write(".batchhook.toml", "batch_size = 1\n")
    big = repository.top / "big"
    with big.open("wb") as file:
        file.truncate(size)
    repository.commit("first", f__txt="f\n")
    repository.batchhook("install")
    big.unlink()
    repository.commit("batch", f__txt="f\n")
    peaks = [measured("backup", "1"), measured("rollback", "1", "--from-backup", "-y")]
    assert big.stat().st_size == size
    peaks += [measured("undo", "-y"), measured("rollback", "1", "-y")]
    assert big.stat().st_size == size
    print("most memory for 300 MiB, in MiB:", [peak >> 20 for peak in peaks])  # noqa: T201 - a measurement
    assert max(peaks) < 150 << 20, peaks
