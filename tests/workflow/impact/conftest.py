from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record the code that tests run, which the other tests turn off."""
    monkeypatch.setenv("BATCHHOOK_CODE_MAP", "always")
