"""The Python that was chosen for a repository's tests. It stays, whatever environment the next command runs in."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from batchhook.store.files import replace_file


@dataclass(frozen=True, slots=True)
class PythonChoice:
    """A Python that was chosen once.

    Attributes:
        path: of its executable; relative to the top of the work tree if it is inside, so that linked work trees and
            moved repositories use their own.
        reason: why it was chosen, as part of a sentence.
        chosen_at: seconds since the epoch.
    """

    path: str
    reason: str
    chosen_at: float


def load(file: Path) -> PythonChoice | None:
    """Return the choice; None if there is none, or the file is damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(file.read_text("ascii"))
        return PythonChoice(str(content["path"]), str(content["reason"]), float(content["chosen_at"]))
    return None


def save(file: Path, choice: PythonChoice) -> None:
    """Store a choice in place of an earlier one.

    Raises:
        OSError: the file cannot be written.
    """
    replace_file(file, json.dumps(asdict(choice)))


def save_first(file: Path, choice: PythonChoice) -> PythonChoice:
    """Store a choice unless another process was faster; return the stored one.

    Raises:
        OSError: the file cannot be written.
    """
    candidate = file.with_name(f"{file.name}.{os.getpid()}")
    save(candidate, choice)
    try:
        os.link(candidate, file)
    except FileExistsError:
        stored = load(file)
        if stored is not None:
            return stored
        candidate.replace(file)  # that one is damaged
    finally:
        candidate.unlink(missing_ok=True)
    return choice


def remove(file: Path) -> None:
    """Forget the choice."""
    file.unlink(missing_ok=True)
