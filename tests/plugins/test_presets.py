"""Presets of test commands that plug-ins add: the example of docs/commands.md, and what goes wrong."""

from __future__ import annotations

import os
import re

import pytest

from tests.driving import Repository
from tests.plugins.conftest import ROOT, Environment

BUSTED = """\
#!/bin/sh
for word in "$@"; do
    case $word in --output=*|-Xoutput) ;; --filter=*) only=${word#--filter=};; *) report=$word;; esac
done
echo "<testsuite><testcase classname='cart' name='adds'/>" > "$report"
[ "$only" = adds ] || echo "<testcase classname='cart' name='fails'><failure message='no'/></testcase>" >> "$report"
echo "</testsuite>" >> "$report"
[ "$only" = adds ]
"""


@pytest.fixture
def lua_project(bare_repository: Repository, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a project in Lua, beside a plug-in that knows its tests, with the program in the project."""
    code = re.search(r"```python\n# batchhook_busted\.py\n(.*?)```", (ROOT / "docs/commands.md").read_text(), re.DOTALL)
    assert code
    environment.add("busted", code[1])
    bare_repository.python = environment.python
    program = bare_repository.top.parent / "bin/busted"
    program.parent.mkdir()
    program.write_text(BUSTED)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    bare_repository.commit("first", **{".busted": "return {}\n"})
    bare_repository.batchhook("install")
    return bare_repository


def test_its_example_does_what_it_says(lua_project: Repository) -> None:
    entries = {entry["name"]: entry for entry in lua_project.json("engines")["engines"]}
    assert (entries["busted"]["sign"], entries["busted"]["suites"]) == (".busted", [""])
    result = lua_project.json("test", code=1)
    assert [failure["test_id"] for failure in result["failures"]] == ["cart::fails"]
    assert lua_project.json("test", "cart::adds")["totals"]["tests"] == 1


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ("[{'name': 'lua', 'command': 'x', 'format': 'no'}]", "no preset: format"),
        ("[{'name': 'lua', 'command': 'x', 'format': 'tap', 'nosuch': 1}]", "no preset: nosuch"),
        ("3", "TypeError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_is_no_preset_is_told(
    lua_project: Repository, environment: Environment, returned: str, problem: str
) -> None:
    environment.add("busted", f"import batchhook\n@batchhook.hookimpl\ndef batchhook_presets(): return {returned}\n")
    assert problem in lua_project.json("engines")["problems"]["plug-in busted"]
    lua_project.commit("configuration", **{".batchhook.toml": 'preset = "lua"\n'})
    assert problem in lua_project.json("test", code=3)["broken"]
