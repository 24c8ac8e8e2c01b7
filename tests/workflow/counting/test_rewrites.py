"""Each change is counted once, whatever tool rewrites history: real Git, and a model of what must be counted."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.driving import Repository

pytestmark = pytest.mark.usefixtures("no_runner")

EDIT_FIRST = "sed -i 1s/pick/edit/"
WITHOUT_HOOKS = ("-c", "core.hooksPath=/dev/null")


@pytest.fixture(autouse=True)
def _no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EDITOR", "true")
    monkeypatch.setenv("GIT_SEQUENCE_EDITOR", "true")


def commit_all(repository: Repository, names: str) -> None:
    for name in names:
        repository.commit(name)


def rewrite(repository: Repository, count: int, message: str = "git-revise rewrite") -> None:
    """Reword commits as tools do that run no hook: with plumbing, and a reflog message of their own."""
    oids = repository.git("rev-list", "--reverse", f"HEAD~{count}..HEAD").split()
    tip = repository.head(f"HEAD~{count}")
    for oid in oids:
        tree, subject = repository.head(f"{oid}^{{tree}}"), repository.git("log", "-1", "--format=%s", oid)
        author, date = repository.git("log", "-1", "--format=%an%n%at", oid).splitlines()
        command = ("commit-tree", tree, "-p", tip, "-m", f"{subject}.")
        tip = repository.git(*command, GIT_AUTHOR_NAME=author, GIT_AUTHOR_DATE=f"{date} +0000")
    repository.git("update-ref", *(("-m", message) if message else ()), "HEAD", tip)


REBASES = {
    "exec": ("--exec", "true"),
    "interactive exec": ("-i", "--exec", "git status"),
    "force": ("--force-rebase",),
    "author's dates": ("--force-rebase", "--committer-date-is-author-date"),
    "interactive": ("-i", "--autosquash"),
    "merges": ("-r", "--force-rebase"),
    "apply backend": ("--apply", "--force-rebase"),
}


@pytest.mark.parametrize("options", REBASES.values(), ids=REBASES.keys())
@pytest.mark.parametrize("names", ["abc", "abcdefg"])
def test_a_rebase_onto_the_same_base(repository: Repository, options: tuple[str, ...], names: str) -> None:
    commit_all(repository, names)
    repository.git("rebase", "--quiet", *options, f"HEAD~{len(names)}")
    expected = (1, ["a", "b", "c"]) if names == "abc" else (2, ["f", "g"])
    assert repository.open() == expected
    assert repository.commit("next").endswith(f"batchhook: batch {expected[0]}, {len(expected[1]) + 1}/5")


@pytest.mark.parametrize("message", ["git-revise rewrite", "", "filter-branch: rewrite", "export from jj"])
def test_a_rewrite_by_another_tool(repository: Repository, message: str) -> None:
    commit_all(repository, "abcdefg")
    rewrite(repository, 7, message)
    assert repository.open() == (2, ["f.", "g."])
    assert repository.commit("h") == "batchhook: batch 2, 3/5"


def test_a_rewrite_without_reflogs(repository: Repository) -> None:
    commit_all(repository, "abc")
    repository.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(repository.top / ".git/logs")
    rewrite(repository, 2)
    assert repository.open() == (1, ["a", "b.", "c."])


def test_filter_repo(repository: Repository) -> None:
    """It maps all commits, expires the reflogs and deletes the old objects."""
    commit_all(repository, "abcdefg")
    old = repository.git("rev-list", "--reverse", "HEAD").split()
    tip = ""
    names = {}
    for oid in old:
        parent = ("-p", tip) if tip else ()
        tip = repository.git("commit-tree", repository.head(f"{oid}^{{tree}}"), *parent, "-m", "anonymous")
        names[oid] = tip
    repository.git("update-ref", "HEAD", tip)
    for ref in repository.git("for-each-ref", "--format=%(refname)", "refs/batchhook").split():
        repository.git("update-ref", ref, names[repository.head(ref)])
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    lines = "".join(f"{one} {other}\n" for one, other in names.items())
    repository.write(".git/filter-repo/commit-map", f"old                                      new\n{lines}")
    assert repository.open() == (2, ["anonymous", "anonymous"])
    assert repository.commit("h") == "batchhook: batch 2, 3/5"


def test_commits_that_are_picked_back(repository: Repository) -> None:
    """The hook answers for the second one, too."""
    commit_all(repository, "abcde")
    tip = repository.head()
    repository.git("reset", "--hard", "--quiet", "HEAD~3")
    output = repository.git_both("cherry-pick", f"{tip}~3..{tip}").stderr.splitlines()
    assert output == ["batchhook: batch 2, 0/5"] * 3
    assert repository.open() == (2, [])


def test_sealed_commits_that_are_picked_on_top_of_another(repository: Repository) -> None:
    commit_all(repository, "abcde")
    tip = repository.head()
    repository.git("reset", "--hard", "--quiet", "HEAD~3")
    repository.commit("x")
    repository.git("cherry-pick", f"{tip}~3..{tip}")
    assert repository.open() == (2, ["x"])


def test_squashed_by_a_soft_reset(repository: Repository) -> None:
    commit_all(repository, "abcdefg")
    repository.git("reset", "--soft", "HEAD~4")
    repository.git("commit", "--quiet", "-m", "defg")
    assert repository.open() == (2, ["defg"])
    repository.git("reset", "--soft", "HEAD~3")
    repository.git("commit", "--quiet", "-m", "bcdefg")
    assert repository.open() == (2, ["bcdefg"])


def test_a_rebase_that_was_sealed_and_taken_back(repository: Repository) -> None:
    commit_all(repository, "abc")
    before = repository.head()
    repository.git("rebase", "--quiet", "--force-rebase", "HEAD~3")
    commit_all(repository, "de")
    repository.git("reset", "--hard", "--quiet", before)
    assert repository.open() == (2, [])


@pytest.mark.parametrize("options", [(), WITHOUT_HOOKS], ids=["with hooks", "without hooks"])
def test_a_new_commit_in_the_middle_of_a_rebase(repository: Repository, options: tuple[str, ...]) -> None:
    """Git reports that it replaced the commit before it, which is still there."""
    commit_all(repository, "abcde")
    repository.git(*options, "rebase", "--quiet", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=EDIT_FIRST)
    repository.commit("in the middle")
    repository.git(*options, "rebase", "--continue")
    assert repository.open() == (2, ["in the middle"])


def test_a_split_commit(repository: Repository) -> None:
    commit_all(repository, "ab")
    repository.commit("c", one__txt="1", two__txt="2")
    commit_all(repository, "d")
    repository.git("rebase", "--quiet", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=EDIT_FIRST)
    repository.git("reset", "--quiet", "HEAD^")
    for name in ("one", "two"):
        repository.git("add", f"{name}.txt")
        repository.git("commit", "--quiet", "-m", name)
    repository.git("rebase", "--continue")
    assert repository.open() == (2, [])
    assert [change["summary"] for change in repository.json("show", "1")["batch"]["changes"]] == [
        *"ab",
        "one",
        "two",
        "d",
    ]


def test_a_rebase_of_a_stack_of_branches(repository: Repository) -> None:
    usage = repository.git_both("rebase", "-h", check=False)
    if "update-refs" not in usage.stdout + usage.stderr:
        pytest.skip("this git has no --update-refs")
    repository.git("switch", "--quiet", "-c", "low")
    commit_all(repository, "ab")
    repository.git("switch", "--quiet", "-c", "high")
    repository.commit("c")
    repository.git("rebase", "--quiet", "--update-refs", "--force-rebase", "main")
    assert repository.open() == (2, ["c"])
    repository.git("switch", "--quiet", "low")
    assert repository.open() == (1, ["a", "b"])


# --- a model ----------------------------------------------------------------------------------------------------------


@dataclass
class Model:
    """A branch on which each change is counted once."""

    repository: Repository
    choose: random.Random
    changes: list[str] = field(default_factory=list)
    sealed: set[str] = field(default_factory=set)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    batches: int = 0
    number: int = 0

    def run(self, *arguments: str) -> None:
        """Run git, sometimes without hooks."""
        options = WITHOUT_HOOKS if self.choose.random() < 0.3 else ()
        self.repository.git(*options, *arguments)

    def commit(self) -> None:
        self.number += 1
        name = f"c{self.number}"
        self.repository.write(f"{name}.txt", name)
        self.repository.git("add", "--all")
        self.run("commit", "--quiet", "-m", name)
        self.changes.append(name)

    def rebase(self) -> None:
        options = self.choose.choice([*REBASES.values()])
        self.run("rebase", "--quiet", *options, f"HEAD~{self._some()}")

    def use_tool(self) -> None:
        rewrite(self.repository, self._some(), self.choose.choice(["", "git-revise rewrite"]))

    def reword(self) -> None:
        self.run("commit", "--quiet", "--amend", "-m", f"reworded {self.choose.random()}")

    def swap(self) -> None:
        first, second = self.changes[-2:]
        one, other = (self.repository.head(revision) for revision in ("HEAD~1", "HEAD"))
        self.run("reset", "--quiet", "--hard", "HEAD~2")
        self.run("cherry-pick", other, one)
        self.changes[-2:] = [second, first]

    def squash(self) -> None:
        first, second = self.changes[-2:]
        self.run("reset", "--quiet", "--soft", "HEAD~2")
        self.run("commit", "--quiet", "-m", f"{first}+{second}")
        self.changes[-2:] = [f"{first}+{second}"]
        if {first, second} <= self.sealed:
            self.sealed.add(f"{first}+{second}")

    def drop(self) -> None:
        self.dropped.append((self.changes.pop(), self.repository.head()))
        self.repository.git("reset", "--quiet", "--hard", "HEAD~1")

    def pick_back(self) -> None:
        if self.dropped:
            name, oid = self.dropped.pop()
            self.run("cherry-pick", oid)
            self.changes.append(name)

    def check(self) -> None:
        unsealed = [name for name in self.changes if name not in self.sealed]
        while len(unsealed) >= 5:
            self.sealed.update(unsealed[:5])
            self.batches += 1
            unsealed = unsealed[5:]
        _, subjects = self.repository.open()
        assert len(subjects) == len(unsealed), (subjects, unsealed)
        sealed = [each for each in self.repository.json("log")["batches"] if each["batch"]["status"] != "open"]
        assert len(sealed) == self.batches

    def _some(self) -> int:
        return self.choose.randint(1, len(self.changes))


@pytest.mark.parametrize("seed", range(5))
def test_any_sequence_of_commits_and_rewrites(repository: Repository, seed: int) -> None:
    model = Model(repository, random.Random(seed))
    for _ in range(3):
        model.commit()
    steps: list[str] = []
    for _ in range(12):
        step: Callable[[], None] = model.choose.choice(
            [
                *[model.commit] * 4,
                model.rebase,
                model.use_tool,
                model.reword,
                model.swap,
                model.squash,
                model.drop,
                model.pick_back,
            ]
        )
        if len(model.changes) < 2:
            step = model.commit
        steps.append(step.__name__)
        step()
        try:
            model.check()
        except AssertionError as error:
            raise AssertionError(f"after {steps}: {error}") from error
