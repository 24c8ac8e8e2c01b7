"""Relevance of changes to a failure."""

from __future__ import annotations

from batchhook.core.results import Outcome, TestResult
from batchhook.git.command import Git
from batchhook.git.history import churn, read_files
from batchhook.workflow.culprits.relevance import RelevanceScores
from tests.driving import Repository


def test_imported_files_count_and_files_in_the_traceback_count_more(bare_repository: Repository) -> None:
    project = bare_repository
    project.write("pkg/__init__.py", "")
    project.write("pkg/deep.py", "X = 1\n")
    project.write("pkg/near.py", "from . import deep\n")
    project.write("other.py", "X = 1\n")
    project.commit("first", test_it__py="import unittest\nfrom pkg.near import deep\n")
    oids = []
    for path in ("other.py", "pkg/deep.py", "pkg/near.py", "test_it.py"):
        project.write(path, f"{project.read(path)}# more\n")
        project.git("commit", "-qam", path)
        oids.append(project.head())
    trace = 'File "/x/batchhook-1000/0123456789ab/1/project/pkg/near.py", line 1, in f\n'
    failed = TestResult("test_it.T.test", "test_it", Outcome.FAILED, location="test_it.py:3", traceback=trace)
    scores = RelevanceScores(Git(project.top), "HEAD", oids, ("src", "", ".")).scores(failed)
    assert scores == [0.0, 1.0, 4.0, 4.0]


def test_files_that_cannot_be_parsed_and_modules_that_do_not_exist(bare_repository: Repository) -> None:
    bare_repository.commit("first", test_it__py="def broken(:\n")
    bare_repository.commit("second", test_it__py="import nowhere, test_it\n")
    relevance = RelevanceScores(Git(bare_repository.top), "HEAD", [bare_repository.head()], ("",))
    for module in ("test_it", "nowhere", ""):
        assert len(relevance.scores(TestResult("a", module, Outcome.ERRORED))) == 1


def test_contents_and_churn_of_odd_names(bare_repository: Repository) -> None:
    odd = ("with space.py", "näme.py", "line\nend.py", "7 blob 3 missing")
    for path in odd:
        bare_repository.write(path, "a\nb\n")
    bare_repository.commit("first", x__py="1")
    git, head = Git(bare_repository.top), bare_repository.head()
    wanted = ["with space.py", "not there", "näme.py", "line\nend.py", "7 blob 3 missing", "x.py"]
    assert read_files(git, "HEAD", wanted) == [b"a\nb\n", b"", b"a\nb\n", b"", b"a\nb\n", b"1"]
    assert churn(git, [head])[head] == dict.fromkeys(odd, 2) | {"x.py": 1}
