"""Probes of single revisions."""

from __future__ import annotations

import os
from pathlib import Path

from batchhook.core.culprits.attribution import ProbeOutcome
from batchhook.workflow.context.project import open_project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.culprits.probes import ProbeRequest, open_test_prober
from batchhook.workflow.suite.fingerprint import find_suite
from tests.driving import Repository

ADD, SUBTRACT = (f"test_calculator.CalculatorTest.test_{name}" for name in ("add", "subtract"))


def test_known_ids_are_those_of_the_whole_suite_or_none(project: Repository, tmp_path: Path) -> None:
    head, tree = project.head(), project.git("rev-parse", "HEAD^{tree}")
    with open_project(project.top) as opened:
        suite = find_suite(opened, os.environ)
        modules = {ADD: "test_calculator"}
        with open_test_prober(opened, suite, tmp_path / "probes", modules) as prober:
            revision = Revision(head, tree)
            requests = [ProbeRequest(revision, ()), ProbeRequest(revision, (ADD,)), ProbeRequest(revision, ("x.Y.z",))]
            discovered, located, absent = prober.probe(requests)
    assert discovered.result.known_ids == {ADD, SUBTRACT}
    assert discovered.outcomes == {}
    assert located.outcomes == {ADD: ProbeOutcome.PASSED}
    assert located.result.known_ids == frozenset(), "only some modules were imported"
    assert absent.outcomes == {"x.Y.z": ProbeOutcome.ABSENT}
    assert absent.result.known_ids == {ADD, SUBTRACT}


def test_before_the_first_commit_no_test_exists(project: Repository, tmp_path: Path) -> None:
    with open_project(project.top) as opened:
        suite = find_suite(opened, os.environ)
        with open_test_prober(opened, suite, tmp_path / "probes") as prober:
            (probe,) = prober.probe([ProbeRequest(Revision("", ""), (ADD,))])
    assert probe.outcomes == {ADD: ProbeOutcome.ABSENT}
