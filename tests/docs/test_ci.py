"""The workflows in docs/ci.md, executed as far as a machine without the services can."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from tests.driving import CALCULATOR, TESTS, Repository

DOCS = Path(__file__).parents[2] / "docs/ci.md"
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "report/junit-10.xsd"))
BROKEN = CALCULATOR.replace("a + b", "a * b")
OLD = CALCULATOR.replace("a - b", "a")
ADD = "test_calculator.CalculatorTest.test_add"


def block(heading: str, kind: str) -> str:
    """Return the first code block of a kind under a heading."""
    section = DOCS.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    match = re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)
    assert match is not None
    return match[1]


@dataclass(frozen=True)
class JobResult:
    """Result of a job or a step."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


class Job:
    """A job of a service in its own clone, with the variables that the service sets."""

    def __init__(self, origin: Repository, ref: str, depth: int, variables: Mapping[str, str]) -> None:
        self.top = origin.top.with_name(f"workspace-{ref.replace('/', '-')}-{origin.head(ref)[:7]}")
        self.files = self.top.with_name(f"{self.top.name}-files")
        self.files.mkdir()
        self.checkout = Repository(self.top)
        self.top.mkdir()
        self.checkout.git("init", "--quiet")
        self.checkout.git("remote", "add", "origin", f"file://{origin.top}")
        limit = [f"--depth={depth}"] if depth else []
        everything = ["+refs/heads/*:refs/remotes/origin/*"] if not depth else []
        self.checkout.git("fetch", "--quiet", *limit, "origin", *everything, f"+{ref}:refs/remotes/tested")
        self.checkout.git("checkout", "--quiet", "--detach", "refs/remotes/tested")
        temporary = self.files / "temporary"
        temporary.mkdir()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.variables = {**os.environ, "CI": "true", "PATH": path, "RUNNER_TEMP": str(temporary), **variables}

    def run(self, script: str, shell: tuple[str, ...]) -> JobResult:
        """Run a script as a step."""
        paths = {name: self.files / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        for path in paths.values():
            path.write_text("")
        done = subprocess.run(
            [*shell, script],
            cwd=self.top,
            env={**self.variables, **{name: str(path) for name, path in paths.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        outputs = dict(line.split("=", 1) for line in paths["GITHUB_OUTPUT"].read_text().splitlines())
        return JobResult(
            done.returncode, done.stdout.decode(), paths["GITHUB_STEP_SUMMARY"].read_text("utf-8"), outputs
        )

    def report(self, name: str) -> Any:  # noqa: ANN401 - as json.loads
        return json.loads(self.checkout.read(f"test_batch_logs/{name}"))


@pytest.fixture
def origin(bare_repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The repository that services clone: ``main`` passes, and accepts pushes."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI_", "GITLAB_"))]:
        monkeypatch.delenv(name)
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    return bare_repository


def propose(origin: Repository) -> str:
    """Create a branch whose second commit breaks a test; return that commit."""
    origin.git("checkout", "--quiet", "-b", "work")
    origin.commit("one")
    origin.commit("two", calculator__py=BROKEN)
    origin.commit("three")
    return origin.head("HEAD~1")


def steps_of(event: str) -> Iterator[str]:
    """Yield the scripts that GitHub runs for an event, without the installation."""
    (job,) = yaml.safe_load(block("GitHub Actions", "yaml"))["jobs"].values()
    for step in job["steps"]:
        condition = step.get("if", f"github.event_name == '{event}'")
        if "run" in step and step["name"] != "Install" and condition == f"github.event_name == '{event}'":
            yield step["run"]


def on_github(origin: Repository, event: str, ref: str, **variables: str) -> tuple[Job, list[JobResult]]:
    """Run the workflow up to the first step that fails."""
    workflow = yaml.safe_load(block("GitHub Actions", "yaml"))
    (job,) = workflow["jobs"].values()
    depth = job["steps"][0]["with"]["fetch-depth"]
    assert event in workflow[True], "`on` is what YAML 1.1 calls true"
    given = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, **variables}
    place = Job(origin, ref, depth, given)
    ended: list[JobResult] = []
    for script in steps_of(event):
        ended.append(place.run(script, ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")))
        if ended[-1].code:
            break
    return place, ended


def test_github_actions(origin: Repository) -> None:
    place, ended = on_github(origin, "push", "refs/heads/main")
    assert [step.code for step in ended] == [0, 0]
    assert "there is none yet" in ended[0].log
    assert origin.git("notes", "--ref=batchhook", "list").split()[1] == origin.head()
    assert (ended[1].outputs["verdict"], ended[1].outputs["tests"]) == ("passed", "2")
    assert "✅" in ended[1].summary

    culprit = propose(origin)
    origin.git("checkout", "--quiet", "--detach", "main")
    origin.git("merge", "--quiet", "--no-ff", "-m", "Merge work into main", "work")
    origin.git("update-ref", "refs/pull/1/merge", "HEAD")
    origin.git("checkout", "--quiet", "main")
    place, ended = on_github(origin, "pull_request", "refs/pull/1/merge", GITHUB_BASE_REF="main")
    assert [step.code for step in ended] == [0, 2]
    (error,) = [line for line in ended[1].log.splitlines() if line.startswith("::error ")]
    assert error.startswith(f"::error file=test_calculator.py,line=8,title={ADD}::AssertionError: 2 != 3%0Abroken by ")
    assert f"broken by {culprit[:8]} (two)%0Anewly failing since the baseline" in error
    assert culprit[:12] in ended[1].summary
    assert (ended[1].outputs["newly_failing"], ended[1].outputs["broken_in_range"]) == ("1", "1")
    assert place.report("regressions.json")["since_baseline"]["newly_failing"] == [ADD]
    SCHEMA.assertValid(etree.parse(place.top / "test_batch_logs/junit.xml"))

    origin.commit("break main", calculator__py=OLD)
    before = origin.git("notes", "--ref=batchhook", "list")
    place, ended = on_github(origin, "push", "refs/heads/main")
    assert [step.code for step in ended] == [0, 1]
    assert "1 of 2 tests fail: the baseline is unchanged" in ended[1].log
    assert origin.git("notes", "--ref=batchhook", "list") == before


def on_gitlab(origin: Repository, name: str, ref: str, **variables: str) -> tuple[Job, JobResult]:
    """Run a job of the pipeline, without its installation."""
    pipeline = yaml.safe_load(block("GitLab CI", "yaml"))
    job = pipeline[name]
    job = {**pipeline.get(job.get("extends"), {}), **job}
    (install,) = job["before_script"]
    assert "pip install" in install
    given = {"GITLAB_CI": "true", **pipeline["variables"], **variables}
    place = Job(origin, ref, int(given["GIT_DEPTH"]), given)
    ended = place.run("\n".join(job["script"]), ("sh", "-ec"))
    for kind, path in job["artifacts"]["reports"].items():
        assert (place.top / path).is_file(), kind
    return place, ended


def test_gitlab_ci(origin: Repository) -> None:
    _, ended = on_gitlab(origin, "test", "refs/heads/main", CI_COMMIT_BRANCH="main")
    assert ended.code == 0
    assert re.search("\x1b\\[0Ksection_start:\\d+:batchhook_testingthecheckout\r", ended.log)
    base = origin.head()
    culprit = propose(origin)
    name = "test merge request"
    place, ended = on_gitlab(origin, name, "refs/heads/work", CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert ended.code == 2
    (issue,) = place.report("gl-code-quality-report.json")
    assert (issue["severity"], issue["location"]) == ("critical", {"path": "test_calculator.py", "lines": {"begin": 8}})
    assert f"broken by {culprit[:8]} (two)" in issue["description"]
    SCHEMA.assertValid(etree.parse(place.top / "test_batch_logs/junit.xml"))


def test_plain_shell(origin: Repository) -> None:
    script = block("Jenkins, and plain shell", "sh")
    place = Job(origin, "refs/heads/main", 1, {})
    assert place.run(script, ("sh", "-c")).code == 0
    assert place.report("baseline_results.json")["tests"][ADD]["outcome"] == "passed"
    assert "no differences" in " ".join(place.run(script, ("sh", "-c")).log.split())
    place.checkout.write("calculator.py", BROKEN)
    ended = place.run(script, ("sh", "-c"))
    assert (ended.code, ended.outputs) == (2, {})
    groovy = block("Jenkins, and plain shell", "groovy")
    (report,) = re.findall(r"junit '(.*)'", groovy)
    SCHEMA.assertValid(etree.parse(place.top / report))
