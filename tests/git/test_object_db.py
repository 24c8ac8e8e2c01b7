"""Reading and merging objects: the git command gives what libgit2 gives, and steps in where that cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from batchhook.core.commit import EditStatus
from batchhook.core.rollback import TreeDelta
from batchhook.errors import GitError
from batchhook.git import backends, merge
from batchhook.git.cli_backend import CliBackend
from batchhook.git.object_db import MergeResult, ObjectDatabase
from tests.git.conftest import Store, TreeOf

FILE, SCRIPT, LINK = "100644", "100755", "120000"
TEN = b"".join(b"line %d\n" % number for number in range(10))
WAYS = ("libgit2", "command", "command, SHA-256")


@pytest.fixture(params=WAYS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store", *(["--object-format=sha256"] if "SHA-256" in request.param else []))


@pytest.fixture
def found(request: pytest.FixtureRequest, store: Store) -> ObjectDatabase:
    if "libgit2" in request.node.callspec.params["store"]:
        return backends.open_repository(store.git_dir)
    return CliBackend(store.git_dir)


def test_libgit2_is_asked_where_it_can_be(tmp_path: Path) -> None:
    assert backends.open_repository(Store(tmp_path / "a").git_dir).name == "libgit2"
    sha256 = Store(tmp_path / "b", "--object-format=sha256")
    assert backends.open_repository(sha256.git_dir).name.startswith("the git command")


def test_what_differs_between_trees(store: Store, found: ObjectDatabase) -> None:
    old = store.tree(
        {"a": (FILE, b"a"), "b": (FILE, b"b"), "l": (FILE, b"x"), "m": (FILE, b"m"), "n\udcff\n": (FILE, b"1")}
    )
    new = store.tree(
        {"b": (FILE, b"B"), "c": (FILE, b"c"), "l": (LINK, b"x"), "m": (SCRIPT, b"m"), "n\udcff\n": (FILE, b"2")}
    )
    status = {one.path: one.status for one in found.diff(old, new)}
    assert status == {
        "a": EditStatus.DELETED,
        "b": EditStatus.MODIFIED,
        "c": EditStatus.ADDED,
        "l": EditStatus.TYPE_CHANGED,
        "m": EditStatus.MODIFIED,
        "n\udcff\n": EditStatus.MODIFIED,
    }
    changed = merge.changed_paths(found, old, new)
    assert changed["a"][1] == changed["c"][0] == ""
    assert b"".join(found.read_blob(changed["b"][1])) == b"B"
    empty = store.tree({})
    assert [one.path for one in found.diff(empty, new)] == ["b", "c", "l", "m", "n\udcff\n"], "by path"
    assert {one.status for one in found.diff(new, empty)} == {EditStatus.DELETED}


def test_taking_out_keeps_what_came_since(store: Store, found: ObjectDatabase) -> None:
    before = store.tree({"t": (FILE, TEN), "gone": (FILE, b"gone"), "s": (FILE, b"s")})
    after = store.tree({"t": (FILE, TEN.replace(b"line 1", b"one")), "new": (FILE, b"new"), "s": (SCRIPT, b"s")})
    since = TEN.replace(b"line 1", b"one").replace(b"line 8", b"eight")
    now = store.tree({"t": (FILE, since), "new": (FILE, b"new"), "s": (SCRIPT, b"S"), "mine": (FILE, b"mine")})
    merged = merge.revert_deltas(found, now, [TreeDelta(after, before)])
    kept = TEN.replace(b"line 8", b"eight")
    wanted = {"t": (FILE, kept), "gone": (FILE, b"gone"), "s": (FILE, b"S"), "mine": (FILE, b"mine")}
    assert merged.tree == store.tree(wanted)
    assert merged.conflicts == ()


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ({"t\udcff": (FILE, b"a\n")}, {"t\udcff": (FILE, b"b\n")}, {"t\udcff": (FILE, b"c\n")}),
        ({"t\udcff": (FILE, b"a\0")}, {"t\udcff": (FILE, b"b\0")}, {"t\udcff": (FILE, b"c\0")}),
        ({"t\udcff": (LINK, b"a")}, {"t\udcff": (LINK, b"b")}, {"t\udcff": (LINK, b"c")}),
        ({"t\udcff": (FILE, b"a\n")}, {}, {"t\udcff": (FILE, b"c\n")}),
        ({}, {"t\udcff": (FILE, b"b\n")}, {"t\udcff": (FILE, b"c\n")}),
        ({"t\udcff": (FILE, b"a\n")}, {"t\udcff": (LINK, b"b")}, {"t\udcff": (FILE, b"c\n")}),
    ],
)
def test_both_sides_changed_the_same(
    store: Store, found: ObjectDatabase, base: TreeOf, ours: TreeOf, theirs: TreeOf
) -> None:
    others = {"other": (FILE, b"other")}
    trees = [store.tree({**others, **files}) for files in (base, ours, theirs)]
    assert found.merge(*trees).conflicts == ("t\udcff",)


@pytest.mark.parametrize(
    "sides",
    [
        ({"a/b": (FILE, b"b")}, {"a/b": (FILE, b"b"), "a/mine": (FILE, b"mine")}, {"a": (FILE, b"a")}),
        ({}, {"a": (FILE, b"")}, {"a": (FILE, b"a\n")}),
    ],
)
def test_nothing_is_lost_to_a_name(store: Store, found: ObjectDatabase, sides: tuple[TreeOf, TreeOf, TreeOf]) -> None:
    assert found.merge(*(store.tree(files) for files in sides)).conflicts == ("a",)


def test_an_object_that_is_not_there_is_an_error_of_git(store: Store, found: ObjectDatabase) -> None:
    tree = store.tree({"a": (FILE, b"a")})
    missing = tree[:-8] + "00000000"
    for ask in (
        lambda: list(found.read_blob(missing)),
        lambda: found.diff(tree, missing),
        lambda: found.merge(tree, tree, missing),
    ):
        with pytest.raises(GitError, match="failed: "):
            ask()


def test_a_split_index_is_the_commands_business(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "f").write_text("f\n")
    store.git("add", "f")
    store.git("update-index", "--split-index")
    found = backends.open_repository(store.git_dir)
    base = store.tree({"t": (FILE, TEN)})
    ours = store.tree({"t": (FILE, TEN + b"more\n")})
    theirs = store.tree({"t": (FILE, b"more\n" + TEN)})
    assert found.merge(base, ours, theirs).tree == store.tree({"t": (FILE, b"more\n" + TEN + b"more\n")})


CONTENTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), max_size=5).map(b"".join) | st.just(b"\0")
FILES = st.tuples(st.sampled_from([FILE, FILE, SCRIPT, LINK]), CONTENTS)
PATHS = ("a", "a/b", "a/c", "d", "e")


@st.composite
def trees(draw: st.DrawFn) -> TreeOf:
    """A small tree; no file is where a folder is."""
    files = {path: draw(FILES) for path in PATHS if draw(st.booleans())}
    if "a" in files and files.keys() & {"a/b", "a/c"}:
        files = {path: file for path, file in files.items() if draw(st.just(path)) != "a"}
    return files


@st.composite
def three_trees(draw: st.DrawFn) -> tuple[TreeOf, TreeOf, TreeOf]:
    """A base and two sides, which are mostly like it."""
    base = draw(trees())
    sides = []
    for _ in range(2):
        changed = draw(st.lists(st.sampled_from(PATHS), max_size=3))
        other = draw(trees())
        side = {path: file for path, file in base.items() if path not in changed}
        side |= {path: other[path] for path in changed if path in other}
        if "a" in side:
            side = {path: file for path, file in side.items() if not path.startswith("a/")}
        sides.append(side)
    return base, sides[0], sides[1]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("merges"))


@settings(
    max_examples=int(os.environ.get("FUZZ_INPUTS", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sides=three_trees())
def test_the_command_merges_as_libgit2_does(plain: Store, sides: tuple[TreeOf, TreeOf, TreeOf]) -> None:
    names = [plain.tree(side) for side in sides]
    by_libgit = backends.open_repository(plain.git_dir).merge(*names)
    by_command = CliBackend(plain.git_dir).merge(*names)
    assert bool(by_command.conflicts) == bool(by_libgit.conflicts)
    if not by_libgit.conflicts:
        assert by_command.tree == by_libgit.tree
    else:  # where a file met a folder, libgit2 names now the one, now what is in the other
        assert tops(by_command) == tops(by_libgit)


def tops(merged: MergeResult) -> set[str]:
    return {path.partition("/")[0] for path in merged.conflicts}


BY_LINES = {
    "merge=union": True,
    "merge=mine": True,
    "merge": True,
    "merge=text": True,
    "-merge": False,
    "binary": False,
}


@pytest.mark.parametrize("attribute", BY_LINES)
def test_merge_drivers(store: Store, found: ObjectDatabase, attribute: str) -> None:
    """No driver is used, and a file that is not to be merged by lines is not."""
    attributes = (FILE, f"*.log {attribute}\n".encode())
    store.git("config", "merge.mine.driver", "cp %B %A")
    (store.top / ".gitattributes").write_bytes(attributes[1])
    lines = TEN.splitlines(keepends=True)

    def tree(changed: dict[int, bytes]) -> str:
        whole = b"".join(changed.get(number, line) for number, line in enumerate(lines))
        return store.tree({".gitattributes": attributes, "folder/a.log": (FILE, whole), "n\udcff.log": (FILE, whole)})

    paths = ("folder/a.log", "n\udcff.log")
    base, ours = tree({}), tree({1: b"ours\n"})
    assert found.merge(base, ours, tree({1: b"theirs\n"})).conflicts == paths
    apart = found.merge(base, ours, tree({8: b"theirs\n"}))
    if BY_LINES[attribute]:
        assert apart == MergeResult(tree({1: b"ours\n", 8: b"theirs\n"}))
    else:
        assert apart.conflicts == paths
    assert found.merge(base, ours, base) == MergeResult(ours)
    assert found.merge(base, base, ours) == MergeResult(ours)


def test_the_driver_that_the_configuration_names(store: Store, found: ObjectDatabase) -> None:
    trees = [store.tree({"a": (FILE, TEN.replace(b"line 1", words))}) for words in (b"line 1", b"ours", b"theirs")]
    store.git("config", "merge.default", "union")
    assert found.merge(*trees).conflicts == ("a",)
