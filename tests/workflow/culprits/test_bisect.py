"""``bisect``: the commit that broke tests, or a command, in a range of history."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.driving import EPOCH, Repository

TESTS = """\
import time
import unittest

import parts


class PartsTest(unittest.TestCase):
    def test_a(self):
        time.sleep(PAUSE)
        self.assertEqual(parts.A, 1)

    def test_b(self):
        self.assertEqual(parts.B, 1)

    def test_c(self):
        self.assertEqual(parts.C, 1)
"""
A, B, C = (f"test_parts.PartsTest.test_{letter}" for letter in "abc")
FLAKY = """\
import os
import unittest


class FlakyTest(unittest.TestCase):
    def test_f(self):
        with open(os.environ["TIMES"], "a+") as times:
            times.write("x")
            times.seek(0)
            self.assertEqual(len(times.read()) % 3, 0)
"""
SYNTAX_ERROR = "A = B = C =\n"
MARK = "_TEST_BISECT"


def parts(number: int, **broken: int) -> str:
    """Return a module that differs in each commit; part ``a`` is broken from the commit with that number on."""
    values = {name: int(number < broken.get(name.lower(), 10_000)) for name in "ABC"}
    return "".join(f"{name} = {value}\n" for name, value in values.items()) + f"# {number}\n"


class Growing:
    """Builder of a history of many commits, made by one git process."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._script: list[str] = []
        self._subjects: list[str] = []

    def commit(self, files: Mapping[str, str], *parents: int) -> None:
        """Add a commit on the given parents, else on the last one; an empty text deletes a file."""
        number = len(self._subjects) + 1
        subject = f"change {number}"
        self._subjects.append(subject)
        first, *others = parents or ((number - 1,) if number > 1 else (0,))
        self._script += [
            "commit refs/heads/main",
            f"mark :{number}",
            f"committer Ada <ada@example.org> {EPOCH + number} +0000",
            f"data {len(subject)}\n{subject}",
            *([f"from :{first}"] if first else []),
            *(f"merge :{other}" for other in others),
            *(_edit(name, text) for name, text in files.items()),
        ]

    def line(self, last: int, text: Callable[[int], str]) -> None:
        """Add commits up to that number, each with another text of the parts."""
        for number in range(len(self._subjects) + 1, last + 1):
            first = {"test_parts.py": TESTS.replace("PAUSE", "0")} if number == 1 else {}
            self.commit({**first, "parts.py": text(number)})

    def done(self) -> dict[int, str]:
        """Create the commits, and return their oids by number."""
        marks = self.repository.top / ".git/marks"
        command = ["git", "fast-import", "--quiet", "--force", f"--export-marks={marks}"]
        text = "".join(f"{line}\n" for line in self._script)
        subprocess.run(command, cwd=self.repository.top, input=text, text=True, check=True)
        self.repository.git("reset", "--quiet", "--hard", "main")
        self.repository.batchhook("install")
        return {int(mark[1:]): oid for mark, oid in (line.split() for line in marks.read_text().splitlines())}


def _edit(name: str, text: str) -> str:
    return f"M 100644 inline {name}\ndata {len(text)}\n{text}" if text else f"D {name}"


@pytest.fixture
def growing(bare_repository: Repository) -> Growing:
    return Growing(bare_repository)


def linear(growing: Growing, commits: int = 40, **broken: int) -> dict[int, str]:
    growing.line(commits, lambda number: parts(number, **broken))
    return growing.done()


def blame(report: Mapping[str, Any], test: str) -> tuple[str, str]:
    return report["tests"][test]["kind"], report["tests"][test]["change"]


def test_several_tests_in_one_search(growing: Growing) -> None:
    oids = linear(growing, a=2, b=23, c=40)
    report = growing.repository.json("bisect", A, B, C, oids[1], "HEAD")
    assert blame(report, A) == ("culprit", oids[2])
    assert blame(report, B) == ("culprit", oids[23])
    assert blame(report, C) == ("culprit", oids[40])
    assert (report["good"], report["bad"], report["base"]) == (oids[1], oids[40], oids[1])
    assert report["commits"] == 39
    assert report["probes"] <= 36
    evidence = {(seen["oid"], seen["outcome"]) for seen in report["tests"][B]["evidence"]}
    assert {(oids[22], "passed"), (oids[23], "failed"), (oids[40], "failed")} <= evidence
    assert report["tests"][B]["confidence"] >= 0.99
    changes = {change["oid"]: change for change in report["changes"]}
    assert changes.keys() == {oids[2], oids[23], oids[40]}
    assert changes[oids[23]]["summary"] == "change 23"
    assert [file["path"] for file in changes[oids[23]]["files"]] == ["parts.py"]

    again = growing.repository.json("bisect", B, oids[1], "HEAD")
    assert (blame(again, B), again["probes"]) == (blame(report, B), 0), "the store knows it"
    assert growing.repository.json("bisect", B, oids[21], "HEAD", "--fresh")["probes"] > 0
    output = growing.repository.batchhook("bisect", A, C, oids[1], "HEAD")
    assert f"{oids[2][:8]}  change 2\n" in re.sub(r" +\n", "\n", output)
    assert "Ada <ada@example.org>" in output
    assert f"broke {C}" in output
    assert f"passed at {oids[39][:8]}, failed at {oids[40][:8]}; 99" in output


def test_commits_that_do_not_parse(growing: Growing) -> None:
    growing.line(40, lambda number: SYNTAX_ERROR if 12 <= number < 20 else parts(number, a=30, b=15))
    oids = growing.done()
    report = growing.repository.json("bisect", A, B, oids[1], oids[40], code=1)
    assert blame(report, A) == ("culprit", oids[30])
    assert blame(report, B) == ("ambiguous", "")
    assert report["tests"][B]["suspects"] == [oids[number] for number in range(12, 21)]
    assert f"cannot be tested at {oids[15][:8]}" in report["tests"][B]["reason"]
    assert growing.repository.json("bisect", A, oids[1], oids[40])["probes"] == 0, "those are stored, too"
    output = growing.repository.batchhook("bisect", B, oids[1], oids[40], code=1)
    assert f"one of 9 changes, {oids[12][:8]} to {oids[20][:8]}" in output


def test_a_test_that_had_another_name(growing: Growing) -> None:
    old = TESTS.replace("test_a", "test_part_a").replace("PAUSE", "0")
    growing.commit({"parts.py": parts(1), "test_parts.py": old})
    growing.line(19, lambda number: parts(number, a=9))
    growing.commit({"parts.py": parts(20, a=9), "test_parts.py": TESTS.replace("PAUSE", "0")})
    growing.line(30, lambda number: parts(number, a=9))
    oids = growing.done()
    assert blame(growing.repository.json("bisect", A, oids[1], "HEAD"), A) == ("culprit", oids[9])
    again = growing.repository.json("bisect", A, oids[1], "HEAD")
    assert (blame(again, A), again["probes"]) == (("culprit", oids[9]), 1), "to list the names that no longer exist"


def test_a_test_introduced_failing_and_a_flaky_one(
    growing: Growing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMES", str(tmp_path / "times"))
    monkeypatch.setenv("BATCHHOOK_JOBS", "1")  # side by side, its runs could fall so that it seems to be broken
    growing.commit({"parts.py": parts(1), "test_flaky.py": FLAKY, "test_parts.py": TESTS.replace("PAUSE", "0")})
    growing.line(7, parts)
    new = TESTS.replace("PAUSE", "0") + "\n    def test_d(self):\n        self.fail()\n"
    growing.commit({"parts.py": parts(8), "test_parts.py": new})
    growing.line(12, parts)
    oids, flaky, brought = growing.done(), "test_flaky.FlakyTest.test_f", A.replace("test_a", "test_d")
    report = growing.repository.json("bisect", flaky, brought, oids[1], "HEAD", code=1)
    assert blame(report, brought) == ("introduced failing", oids[8])
    assert blame(report, flaky) == ("flaky", "")
    output = growing.repository.batchhook("bisect", flaky, brought, oids[1], "HEAD", code=1)
    assert f"introduced, failing, {brought}" in output
    assert f"does not exist at {oids[7][:8]}, failed at {oids[8][:8]}" in output
    assert re.search(r"failed in \d+ of \d+ runs", output)


# --- merges ---------------------------------------------------------------------------------------------------------


def merged(growing: Growing, side: Callable[[int], str], result: str) -> dict[int, str]:
    """1 to 6 on the main line, 7 to 12 on a side branch from 2, merged by 13; then up to 16."""
    growing.line(6, parts)
    growing.commit({"parts.py": parts(2), "side.txt": "7", "side.py": side(7)}, 2)
    for number in range(8, 13):
        growing.commit({"side.txt": str(number), "side.py": side(number)})
    growing.commit({"parts.py": result, "side.txt": "12", "side.py": side(12)}, 6, 12)
    for number in range(14, 17):
        growing.commit({"more.txt": str(number)})
    return growing.done()


def test_a_culprit_on_a_merged_branch(growing: Growing) -> None:
    def side(number: int) -> str:
        return f"D = {int(number < 10)}\n"

    uses_side = "try:\n    from side import D\nexcept ImportError:\n    D = 1\n"
    growing.commit({"parts.py": parts(1), "test_side.py": f"import unittest\n{uses_side}{SIDE_TEST}"})
    oids = merged(growing, side, parts(6))
    report = growing.repository.json("bisect", "test_side.SideTest.test_d", oids[1], "HEAD")
    assert blame(report, "test_side.SideTest.test_d") == ("culprit", oids[10])
    assert report["tests"]["test_side.SideTest.test_d"]["merges"] == [oids[13]]
    evidence = {(seen["oid"], seen["outcome"]) for seen in report["tests"]["test_side.SideTest.test_d"]["evidence"]}
    assert {(oids[6], "passed"), (oids[13], "failed"), (oids[12], "failed"), (oids[9], "passed")} <= evidence
    output = growing.repository.batchhook("bisect", "test_side.SideTest.test_d", oids[1], "HEAD")
    assert f"brought by the merge {oids[13][:8]}" in output
    assert "change 10" in output


SIDE_TEST = "class SideTest(unittest.TestCase):\n    def test_d(self): self.assertEqual(D, 1)\n"


def test_a_merge_that_is_the_culprit(growing: Growing) -> None:
    oids = merged(growing, str, parts(6, a=1))
    report = growing.repository.json("bisect", A, oids[1], "HEAD")
    assert blame(report, A) == ("culprit", oids[13])
    assert report["tests"][A]["note"] == "the merge itself: it passes on both sides"
    evidence = [(seen["oid"], seen["outcome"]) for seen in report["tests"][A]["evidence"]]
    assert {(oids[6], "passed"), (oids[12], "passed"), (oids[13], "failed")} <= set(evidence)


def test_a_merge_that_brings_back_a_fixed_failure(growing: Growing) -> None:
    growing.line(2, lambda number: parts(number, a=2))
    growing.line(6, parts)
    growing.commit({"parts.py": parts(2, a=2), "side.txt": "7"}, 2)
    growing.commit({"side.txt": "8"})
    growing.commit({"parts.py": parts(6, a=2), "side.txt": "8"}, 6, 8)
    oids = growing.done()
    report = growing.repository.json("bisect", A, oids[5], "HEAD")
    assert blame(report, A) == ("culprit", oids[9])
    assert "brings back" in report["tests"][A]["note"]


def test_a_merged_branch_that_cannot_be_tested(growing: Growing) -> None:
    growing.line(6, parts)
    growing.commit({"parts.py": parts(2), "side.txt": "7"}, 2)
    growing.commit({"parts.py": SYNTAX_ERROR, "side.txt": "8"})
    growing.commit({"parts.py": parts(6, a=1), "side.txt": "8"}, 6, 8)
    oids = growing.done()
    report = growing.repository.json("bisect", A, oids[1], "HEAD", code=1)
    assert blame(report, A) == ("ambiguous", "")
    assert report["tests"][A]["suspects"] == [oids[7], oids[8], oids[9]]
    assert (
        report["tests"][A]["reason"] == f"on the branch that {oids[9][:8]} merged, it cannot be tested at {oids[8][:8]}"
    )


def test_an_octopus_and_a_merge_on_a_merged_branch(growing: Growing) -> None:
    growing.line(3, parts)
    growing.commit({"x.txt": "4"}, 2)
    growing.commit({"y.txt": "5"}, 2)
    growing.commit({"y.txt": "6", "parts.py": parts(6, b=6)}, 5)
    growing.commit({"y.txt": "7"}, 2)
    growing.commit({"y.txt": "7", "parts.py": parts(6, b=6)}, 7, 6)
    growing.commit({"x.txt": "4", "y.txt": "7", "parts.py": parts(6, b=6)}, 3, 4, 8)
    oids = growing.done()
    report = growing.repository.json("bisect", B, oids[1], "HEAD")
    assert blame(report, B) == ("culprit", oids[6])
    assert report["tests"][B]["merges"] == [oids[9], oids[8]]


def test_good_on_a_side_branch(growing: Growing) -> None:
    oids = merged(growing, str, parts(6))
    report = growing.repository.json("bisect", "--exec", "test ! -e more.txt", oids[9], "HEAD")
    assert blame(report, "test ! -e more.txt") == ("culprit", oids[14])
    assert report["base"] == oids[2]


def test_a_failure_older_than_the_common_base(growing: Growing) -> None:
    growing.line(2, lambda number: parts(number, a=2))
    growing.line(4, lambda number: parts(number, a=2))
    growing.commit({"parts.py": parts(1)}, 2)
    growing.commit({"parts.py": parts(4, a=2)}, 4, 5)
    growing.line(9, lambda number: parts(number, a=2))
    oids = growing.done()
    report = growing.repository.json("bisect", A, oids[5], oids[9], code=1)
    assert blame(report, A) == ("pre-existing", "")
    assert report["base"] == oids[2]
    assert f"the failure is older than the range, or {oids[5]} fixed it" in report["tests"][A]["note"]


# --- commands -------------------------------------------------------------------------------------------------------


def test_a_command_with_all_its_exit_codes(growing: Growing) -> None:
    growing.line(40, lambda number: parts(number, a=24))
    oids = growing.done()
    command = (
        "n=$(sed -n 's/^# //p' parts.py); test -z \"$GIT_DIR\" || exit 127;"
        " case $n in 9|10|21) exit 125;; esac; grep -q 'A = 1' parts.py"
    )
    report = growing.repository.json("bisect", "--exec", command, oids[1], "HEAD")
    assert blame(report, command) == ("culprit", oids[24])
    assert report["probes"] <= 16
    assert growing.repository.json("bisect", "--exec", command, oids[1], "HEAD")["probes"] == 0
    assert growing.repository.json("bisect", "--exec", command, oids[1], oids[30])["probes"] <= 3, "its end is new"

    for code in ("127", "200"):
        words = ("bisect", "--exec", f"echo a; echo sorry; exit {code}", oids[1], "HEAD")
        output = growing.repository.batchhook(*words, code=3)
        assert f"cannot be run at {oids[40][:8]}: exit code {code}" in output
        assert "its last output: a / sorry" in output
    output = growing.repository.batchhook("bisect", "--exec", "kill -9 $$", oids[1], "HEAD", code=3)
    assert "killed by SIGKILL" in output
    assert "does not fail" in growing.repository.batchhook("bisect", "--exec", "true", oids[1], "HEAD", code=3)
    assert "cannot be tested" in growing.repository.batchhook("bisect", "--exec", "exit 125", oids[1], "HEAD", code=3)
    assert "no test has run" in growing.repository.json("test", "--failed")["error"], "a command is not a test"
    assert growing.repository.json("test", code=1)["totals"]["tests"] == 3


def test_a_command_that_takes_too_long_and_leaves_processes(growing: Growing) -> None:
    oids = linear(growing, 8, a=6)
    command = "sleep 60 & case $(sed -n 's/^# //p' parts.py) in 4) sleep 60;; esac; grep -q 'A = 1' parts.py"
    with no_process_is_left() as variables:
        words = ("--json", "bisect", "--exec", command, "--timeout", "1", oids[1], "HEAD")
        report = json.loads(start(growing.repository, *words, **variables).communicate()[0])
    assert blame(report, command) == ("culprit", oids[6])
    seen = {seen["oid"]: seen["outcome"] for seen in report["tests"][command]["evidence"]}
    if oids[4] in seen:
        assert seen[oids[4]] == "untestable"
        assert report["remarks"] == [f"skipped {oids[4][:8]}: the command did not end within 1 s"]


def test_a_command_needs_no_python_and_no_tests_and_gets_set_up(growing: Growing) -> None:
    setup = "setup = \"sh -c 'test ! -e broken && touch ready'\"\n"
    growing.commit({".batchhook.toml": f'python = "no-such-python"\n{setup}', "n": "1"})
    for number in range(2, 9):
        growing.commit({"n": str(number), "broken": "it is" if number == 4 else ""})
    oids = growing.done()
    command = "test -e ready || exit 127; test $(cat n) -lt 7"
    report = growing.repository.json("bisect", "--exec", command, oids[1], "HEAD")
    assert blame(report, command) == ("culprit", oids[7])


# --- interruptions --------------------------------------------------------------------------------------------------


class no_process_is_left:  # noqa: N801 - reads as a sentence
    """Checks that no process that was started in a block outlives it."""

    def __enter__(self) -> dict[str, str]:
        self._mark = f"{os.getpid()}-{time.monotonic_ns()}"
        return {MARK: self._mark}

    def __exit__(self, *_: object) -> None:
        end = time.monotonic() + 3
        while (left := list(self._marked())) and time.monotonic() < end:
            time.sleep(0.02)
        assert not left

    def _marked(self) -> Iterator[str]:
        wanted = f"{MARK}={self._mark}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    yield (folder / "cmdline").read_text()


def start(repository: Repository, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "batchhook", *arguments],
        cwd=repository.top,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def count_observations(repository: Repository) -> Counter[tuple[str, str]]:
    """Return how often each test was observed in each tree."""
    query = (
        "SELECT tree, name FROM runs JOIN results ON run_id = runs.id JOIN tests ON tests.id = test_id WHERE is_probe"
        " UNION ALL SELECT tree, name FROM runs JOIN missing_tests ON run_id = runs.id JOIN tests ON tests.id = test_id"
    )
    with closing(sqlite3.connect(repository.top / ".git/batchhook/state.db")) as database:
        return Counter(database.execute(query).fetchall())


def observation_count(repository: Repository) -> int:
    return sum(count_observations(repository).values())


def slow(growing: Growing) -> dict[int, str]:
    growing.commit({"parts.py": parts(1), "test_parts.py": TESTS.replace("PAUSE", "0.05")})
    growing.line(60, lambda number: parts(number, a=37, b=50))
    return growing.done()


def test_a_killed_search_resumes(growing: Growing) -> None:
    oids, repository, chance = slow(growing), growing.repository, random.Random(7)
    command = ("--json", "bisect", A, B, oids[1], "HEAD")
    kills = 6
    with no_process_is_left() as variables:
        for kill in range(kills):
            before = observation_count(repository)
            process = start(repository, *command, **variables)
            while kill % 2 and observation_count(repository) == before:
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 0.4))
            process.kill()
            process.communicate()
            assert process.returncode == -signal.SIGKILL, "it should have been killed"
    report = repository.json(*command[1:])
    assert (blame(report, A), blame(report, B)) == (("culprit", oids[37]), ("culprit", oids[50]))
    seen = count_observations(repository)
    assert max(seen.values()) <= 4
    assert repository.json(*command[1:])["probes"] == 0
    database = repository.top / ".git/batchhook/state.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in ("runs", "outcomes", "outcome_details", "missing_tests"):
            connection.execute(f"DELETE FROM {table}")
        connection.commit()
    whole = repository.json(*command[1:])
    assert blame(whole, A) == blame(report, A)
    assert report["probes"] < whole["probes"], "something was observed before it was killed"
    assert sum(seen.values()) <= observation_count(repository) + kills, "no probe was made in vain"


@pytest.mark.parametrize("what", ["tests", "command", "setup"])
def test_interrupted(growing: Growing, what: str) -> None:
    if what == "setup":
        growing.commit({".batchhook.toml": "setup = \"sh -c 'sleep 60 & sleep 60'\"\n"})
    growing.line(5, lambda number: parts(number, a=3))
    if what == "tests":
        growing.commit({"test_parts.py": TESTS.replace("PAUSE", "60")})
    oids = growing.done()
    words = ("--exec", "sleep 60 & sleep 60") if what == "command" else (A,)
    with no_process_is_left() as variables:
        process = start(growing.repository, "bisect", *words, oids[1], "HEAD", **variables)
        while not list((growing.repository.top / ".git/batchhook/runs").glob("*")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        time.sleep(0.7)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert "Traceback" not in output[1]
    assert not list((growing.repository.top / ".git/batchhook/runs").iterdir())
    for number in (1, 2):
        lock = growing.repository.top / f".git/batchhook/worktrees/{number}.lock"
        assert not lock.exists() or subprocess.run(["flock", "-n", lock, "true"], check=False).returncode == 0


# --- the user's files, and errors -----------------------------------------------------------------------------------


def test_the_users_files_are_not_touched(growing: Growing) -> None:
    oids, repository = linear(growing, 20, a=13), growing.repository
    repository.git("checkout", "--quiet", "-b", "topic", oids[7])
    repository.write("parts.py", "stashed\n")
    repository.git("stash")
    repository.git("bisect", "start", oids[20], oids[1])
    repository.write("parts.py", "changed\n")
    repository.write("new.py", "staged\n")
    repository.git("add", "new.py")
    repository.write("new.py", "changed after that\n")
    repository.write("untracked.txt", "mine\n")

    def state() -> list[object]:
        folder = repository.top / ".git"
        files = [folder / "HEAD", folder / "index", *folder.glob("BISECT*"), *folder.glob("logs/**/*")]
        return [
            *((path, path.read_bytes()) for path in sorted(files) if path.is_file()),
            *((path, path.read_bytes()) for path in sorted(repository.top.glob("*")) if path.is_file()),
            repository.git("for-each-ref"),
            repository.git("stash", "list"),
        ]

    before = state()
    assert blame(repository.json("bisect", A, oids[1], "main"), A) == ("culprit", oids[13])
    command = "git status > status.txt; git stash list > stash.txt; ! grep 'A = 0' parts.py"
    assert blame(repository.json("bisect", "--exec", command, oids[1], oids[20]), command) == (
        "culprit",
        oids[13],
    )
    assert state() == before


def test_errors(growing: Growing) -> None:
    growing.line(6, lambda number: parts(number, a=3))
    growing.commit({"test_broken.py": "syntax error\n"})
    oids = growing.done()
    where = f"at HEAD ({oids[7][:8]})"

    def output(*arguments: str, code: int = 3) -> str:
        return " ".join(growing.repository.batchhook("bisect", *arguments, code=code).split())

    assert f"{B} does not fail {where}" in output(B, "main~5", "HEAD")
    assert f"test_parts.PartsTest.test_x does not exist {where} hint: did you mean {A}, {B}, {C}?" in output(
        A, "test_parts.PartsTest.test_x", "main~5", "HEAD"
    )
    assert f"nowhere.Test.test_it does not exist {where} hint: expected the id" in output(
        "nowhere.Test.test_it", "main~5", "HEAD"
    )
    assert f"test_broken.BrokenTest.test_it cannot be tested {where}" in output(
        "test_broken.BrokenTest.test_it", "main~5", "HEAD"
    )
    assert "unknown revision: no-such-thing" in output(A, "no-such-thing", "HEAD")
    assert "there is nothing to search: HEAD already contains main~2" in output(A, "HEAD", "main~2")
    assert "not both" in output(A, "--exec", "true", "main~5", "HEAD", code=64)
    assert "GOOD" in output("HEAD", code=64)
    assert "--timeout requires --exec" in output(A, "main~5", "HEAD", "--timeout", "3", code=64)
    assert "test_parts.PartsTest.test_b: passes" in output(A, B, "main~6", "HEAD", code=1)
    assert f"it already fails at {oids[4][:8]}" in output(A, oids[4][:8], "HEAD", code=1)
    report = growing.repository.json("bisect", "unittest.loader._FailedTest.test_broken", "main~5", "HEAD")
    assert blame(report, "unittest.loader._FailedTest.test_broken")[1] == oids[7]
    report = growing.repository.json("bisect", A, "main~6", "HEAD", "--budget", "0", "--fresh", code=1)
    assert report["tests"][A]["reason"] == "the budget of 0 s was used up"
    assert oids[3] in report["tests"][A]["suspects"]
