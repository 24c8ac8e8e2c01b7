"""Counting without a runner."""

from __future__ import annotations

import pytest


@pytest.fixture
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only count: full batches wait for a runner that never comes, and no process outlives the test."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
