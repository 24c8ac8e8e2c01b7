"""The examples of docs/plugins.md, installed and run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.driving import Repository
from tests.plugins.conftest import ROOT, Environment, fill
from tests.plugins.test_plugins import finish, until

_EXAMPLE = re.compile(r"```python\n# (\w+)\.py\n(.*?)```", re.DOTALL)


def test_its_examples_do_what_it_says(plugged: Repository, environment: Environment, tmp_path: Path) -> None:
    examples = dict(_EXAMPLE.findall((ROOT / "docs/plugins.md").read_text("utf-8")))
    program = tmp_path / "external_integration.py"
    program.write_text(examples.pop("external_integration"))
    for name, code in examples.items():
        environment.add(name, code)
    assert list(examples) == ["batchhook_ticket", "custom_analysis", "custom_notifications"]
    fill(plugged, broken=2)
    finish(plugged, code=1)
    assert plugged.json("analyze", "1", code=1)["metrics"] == {"custom_analysis": {"custom_metric": 0.2}}
    log = plugged.top / ".git/batchhook/plugins.log"
    said = (
        "mail: critical",
        "ticket: ['test_calculator",
        f"{plugged.top}: batch 1 failed critically; culprits by",
    )
    until(lambda: log.exists() and all(each in log.read_text() for each in said))
    done = subprocess.run(
        [environment.python, program], cwd=plugged.top, capture_output=True, text=True, check=True
    ).stdout
    assert "slack: batch 1 critical" in done
    assert 'dashboard: {"tests":2,"passed":1,"failed":1' in done
