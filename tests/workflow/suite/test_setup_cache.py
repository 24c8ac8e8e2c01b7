"""Results of setup commands: made once for the same inputs, shared by work trees, never taken for those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.suite_setup import Setup
from batchhook.errors import SuiteError
from batchhook.git.removal import remove_path
from batchhook.workflow.suite.setup_cache import SetupCache

SETUP = Setup("web", "npm ci", ("package-lock.json",), ("node_modules",))


class Place:
    """Private work trees of one repository, and how often setup ran in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []

    def checkout(self, number: int, lock_file: str | None = "1") -> Path:
        """Check out a tree: what is not kept is removed."""
        checkout = self.folder / str(number) / "project"
        web = checkout / "web"
        web.mkdir(parents=True, exist_ok=True)
        kept = {checkout / name for name in SetupCache.beside(checkout).lasting_folders}
        for path in web.iterdir():
            if path not in kept:
                remove_path(path)
        if lock_file is not None:
            (web / "package-lock.json").write_text(lock_file)
        return checkout

    def provide(self, number: int, lock_file: str | None = "1", setup: Setup = SETUP) -> Path:
        """Check out a tree, and provide the results of setup there."""
        checkout = self.checkout(number, lock_file)
        SetupCache.beside(checkout).provide(setup, checkout, lambda: self.install(checkout))
        return checkout / "web/node_modules"

    def install(self, checkout: Path) -> None:
        """Install the packages that the lock file names."""
        web = checkout / "web"
        lock_file = (web / "package-lock.json").read_text() if (web / "package-lock.json").exists() else ""
        self.calls.append(lock_file)
        (web / "node_modules/jest/bin").mkdir(parents=True)
        (web / "node_modules/jest/bin/jest.js").write_text(lock_file)
        (web / "node_modules/.bin").mkdir()
        (web / "node_modules/.bin/jest").symlink_to("../jest/bin/jest.js")
        (web / "node_modules/own").symlink_to("../packages/own")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_setup_runs_once_for_equal_inputs(place: Place) -> None:
    assert (place.provide(1) / ".bin/jest").read_text() == "1"
    assert (place.provide(1) / ".bin/jest").read_text() == "1"
    assert place.calls == ["1"]


def test_other_work_trees_share_the_files_of_the_first(place: Place) -> None:
    first, second = place.provide(1), place.provide(2)
    assert place.calls == ["1"]
    assert (first / "jest/bin/jest.js").samefile(second / "jest/bin/jest.js")
    assert (second / "own").readlink() == Path("../packages/own")
    assert (second / ".bin/jest").resolve() == second / "jest/bin/jest.js"


def test_other_inputs_give_other_results(place: Place) -> None:
    place.provide(1)
    assert (place.provide(1, "2") / ".bin/jest").read_text() == "2"
    assert (place.provide(1, "1") / ".bin/jest").read_text() == "1"
    assert place.calls == ["1", "2"]


def test_a_missing_input_is_an_input(place: Place) -> None:
    place.provide(1)
    assert (place.provide(1, None) / ".bin/jest").read_text() == ""
    assert place.calls == ["1", ""]


def test_a_failing_setup_is_tried_again(place: Place) -> None:
    checkout = place.checkout(1)

    def fail() -> None:
        (checkout / "web/node_modules").mkdir()
        raise SuiteError("setup failed")

    with pytest.raises(SuiteError, match="setup failed"):
        SetupCache.beside(checkout).provide(SETUP, checkout, fail)
    assert SetupCache.beside(checkout).lasting_folders == ()
    assert (place.provide(1) / ".bin/jest").read_text() == "1"


@pytest.mark.parametrize("moment", ["keep", "link"])
def test_a_kill_leaves_nothing_half(place: Place, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    if moment == "link":
        place.provide(2)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("batchhook.workflow.suite.setup_cache._link", die)
        with pytest.raises(KeyboardInterrupt):
            place.provide(1)
    assert (place.provide(1) / ".bin/jest").read_text() == "1"
    assert (place.provide(1) / "jest/bin/jest.js").read_text() == "1"


def test_committed_outputs_stay_as_they_are(place: Place) -> None:
    checkout = place.checkout(1)
    (checkout / "web/node_modules").mkdir()
    calls: list[str] = []
    SetupCache.beside(checkout).provide(SETUP, checkout, lambda: calls.append("run"))
    assert calls == ["run"]
    assert SetupCache.beside(checkout).lasting_folders == ()


def test_results_that_vanished_are_provided_again(place: Place) -> None:
    remove_path(place.provide(1))
    assert (place.provide(1) / ".bin/jest").read_text() == "1"
    assert place.calls == ["1"]


def test_few_results_are_kept(place: Place) -> None:
    for number in range(8):
        place.provide(1, str(number))
    results = [path for path in (place.folder / "setup").iterdir() if path.is_dir()]
    assert len(results) == 4
    assert (place.provide(1, "7") / ".bin/jest").read_text() == "7"
    assert len(place.calls) == 8
