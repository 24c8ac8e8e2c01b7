"""Preparation of a private checkout: links and the setup command."""

from __future__ import annotations

import pytest

from tests.driving import Repository

TESTS = """
import os, pathlib, subprocess, sys, unittest
class PreparedTest(unittest.TestCase):
    def test_linked(self):
        self.assertEqual(pathlib.Path("data/secret.txt").read_text(), "secret")
    def test_set_up(self):
        self.assertEqual(pathlib.Path("built.txt").read_text(), "built")
    def test_python_is_the_projects(self):
        code = "import sys; print(sys.prefix)"
        prefix = subprocess.run(["python", "-c", code], capture_output=True, text=True).stdout.strip()
        self.assertEqual(prefix, sys.prefix)
"""

BUILD = "open('built.txt', 'w').write('built')\n"


@pytest.fixture
def prepared(bare_repository: Repository) -> Repository:
    bare_repository.write(".git/info/exclude", "data\n")
    bare_repository.write("data/secret.txt", "secret")
    settings = '[tool.batchhook]\nlink = ["data"]\nsetup = "python build.py"\njobs = 2\n'
    bare_repository.commit("first", test_prepared__py=TESTS, pyproject__toml=settings, build__py=BUILD)
    bare_repository.batchhook("install")
    return bare_repository


def test_links_and_set_up(prepared: Repository) -> None:
    report = prepared.json("test")
    assert report["totals"]["passed"] == 3
    again = prepared.json("test")
    assert again["totals"]["passed"] == 3
    assert prepared.read("data/secret.txt") == "secret", "cleaning the checkout leaves the target of a link alone"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('link = ["nowhere"]', "nowhere does not exist"),
        ('setup = "false"', "setup failed with exit code 1"),
        ('setup = "no-such-program"', "setup cannot be started"),
        ('setup = "sleep 60"\nsetup_timeout = 0.2', "did not end within 0.2 s"),
    ],
)
def test_a_checkout_that_cannot_be_prepared_breaks_the_run(project: Repository, settings: str, message: str) -> None:
    project.commit("settings", pyproject__toml=f"[tool.batchhook]\n{settings}\n")
    report = project.json("test", code=3)
    assert report["verdict"] == "broken"
    assert message in report["broken"]
    assert report["hint"]


def test_a_link_cannot_lead_out_of_the_work_tree(project: Repository) -> None:
    project.write("pyproject.toml", '[tool.batchhook]\nlink = ["../elsewhere"]\n')
    assert "inside the work tree" in project.batchhook("status", code=3)
