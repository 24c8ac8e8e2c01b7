"""Files of the prediction: fitted models with their evaluation, and the tests that each change could affect.

They hold numbers and names, so that reading them runs nothing, and they are only read where no other user could have
written them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from batchhook.core.prediction.evaluation import Evaluation
from batchhook.core.prediction.prediction import RiskModels
from batchhook.store import adaptive_size
from batchhook.store.files import replace_file
from batchhook.store.state_dir import StateDir

MAX_CHANGES = 1000
"""Changes whose affected tests are held: the newest."""
_OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """Models that were fitted to a history.

    Attributes:
        library: that fitted them, with its version; empty without models.
        digest: of the history.
        last_batch: number of its last batch.
        rate: share of its changes that broke a test.
        evaluation: of such models on the history.
        models: None without enough history.
    """

    library: str
    digest: str
    last_batch: int
    rate: float
    evaluation: Evaluation
    models: RiskModels | None = None


def save(state: StateDir, prediction: StoredPrediction) -> None:
    """Store models and their evaluation in place of earlier ones."""
    state.prediction.mkdir(mode=0o700, exist_ok=True)
    content = TypeAdapter(StoredPrediction).dump_json(prediction)
    replace_file(state.prediction / "models.json", content, durable=False)
    adaptive_size.set_enabled(state, is_enabled=prediction.models is not None and prediction.evaluation.ranks_changes)


def load(state: StateDir) -> StoredPrediction | None:
    """Return the stored models; None if there are none of this version, or another user could have written them."""
    content = _read_private(state.prediction / "models.json")
    try:
        prediction = TypeAdapter(StoredPrediction).validate_json(content) if content else None
    except ValidationError:
        return None
    if prediction is not None and prediction.models is not None and not prediction.models.is_current:
        return None
    return prediction


def add_affected(state: StateDir, affected: Mapping[str, Iterable[str]]) -> None:
    """Store the tests that changes can affect, besides those of earlier changes."""
    merged = {**load_affected(state), **{oid: frozenset(tests) for oid, tests in affected.items()}}
    newest = dict(list(merged.items())[-MAX_CHANGES:])
    names = sorted(frozenset().union(*newest.values()))
    numbers = {name: number for number, name in enumerate(names)}
    changes = {oid: sorted(numbers[test] for test in tests) for oid, tests in newest.items()}
    state.prediction.mkdir(mode=0o700, exist_ok=True)
    content = json.dumps({"tests": names, "changes": changes})
    replace_file(state.prediction / "affected.json", content, durable=False)


def load_affected(state: StateDir) -> dict[str, frozenset[str]]:
    """Return the tests that changes could affect, by change, oldest first; empty if the file is not as we wrote it."""
    with suppress(ValueError, KeyError, TypeError, IndexError, AttributeError):
        stored = json.loads(_read_private(state.prediction / "affected.json") or "{}")
        names = stored.get("tests", [])
        return {oid: frozenset(names[number] for number in numbers) for oid, numbers in stored["changes"].items()}
    return {}


def _read_private(path: Path) -> bytes:
    """Return the content of a file that this user owns and no other can write; empty for any other."""
    with suppress(OSError), path.open("rb") as file:
        status = os.fstat(file.fileno())
        if status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_CAN_WRITE:
            return file.read()
    return b""
