from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _enable_slowdown_search(_own_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable the search, which all other tests do without."""
    monkeypatch.delenv("BATCHHOOK_SLOWDOWN_THRESHOLD")
