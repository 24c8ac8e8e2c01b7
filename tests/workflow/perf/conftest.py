from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _slowdowns_are_looked_for(_own_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all other tests do without."""
    monkeypatch.delenv("BATCHHOOK_SLOWDOWN_THRESHOLD")
