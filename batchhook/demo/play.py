"""The demo's acts: five commits, a run that nobody asked for, who broke what, the way back, and a happy end."""

from __future__ import annotations

import shutil
from pathlib import Path

from batchhook.demo.screen import Screen
from batchhook.demo.stage import OffScriptError, Stage, prepare
from batchhook.demo.story import Change, Story
from batchhook.errors import ExitCode

RAN = (ExitCode.OK, ExitCode.TESTS_FAILED)
"""Exit codes of a command that had a run to tell of, good or bad."""


def play(folder: Path | None, *, pause: float = 0.0, keep: bool = False) -> int:
    """Tell the whole story, in a repository made for it.

    Args:
        folder: where to make the repository; without it a temporary folder, removed at the end.
        pause: seconds to rest before each command.
        keep: leave the temporary folder in place.

    Returns:
        0 where everything went as it should, 3 otherwise; then the repository stays to be looked at.
    """
    screen = Screen(pause)
    stage = Stage(prepare(folder), screen)
    kept = keep or folder is not None
    try:
        Play(Story.read(), stage, screen).perform()
    except OffScriptError as error:
        kept = True
        screen.say(f"This is not how the story goes. {error.message}", style="bold red")
        return ExitCode.ERROR
    finally:
        if kept:
            screen.note(f"The repository is kept: {stage.folder}")
        else:
            shutil.rmtree(stage.folder, ignore_errors=True)
    return ExitCode.OK


class Play:
    """The story, act by act. Each act checks that what it shows is what should have happened."""

    def __init__(self, story: Story, stage: Stage, screen: Screen) -> None:
        self._story = story
        self._stage = stage
        self._screen = screen
        self._commits: dict[Change, str] = {}

    def perform(self) -> None:
        """All acts."""
        self._your_project()
        self._five_commits()
        self._what_broke()
        self._the_way_back()
        self._a_happy_end()
        self._in_your_own()

    def _your_project(self) -> None:
        self._screen.act("1. A project with tests")
        self._screen.say("""
            Here is parcel, a small library for orders and invoices with 73 tests, in a repository that is thrown
            away afterwards. All that follows really happens.
        """)
        self._stage.set_up()
        self._screen.say("batchhook is put into a repository once:")
        self._stage.run(["batchhook", "install"])

    def _five_commits(self) -> None:
        self._screen.act("2. Five commits, as always")
        self._screen.say("Now you work as you always do. batchhook counts along.")
        for change in self._story.batch:
            self._commit(change)

    def _commit(self, change: Change) -> None:
        """Edit the files and commit them, as the change's author did."""
        self._screen.say(f"{change.reason} (You edit {' and '.join(change.files)}.)")
        self._stage.output(["git", "apply", str(change.patch)])
        self._stage.run(["git", "commit", "-am", change.message])
        self._commits[change] = self._stage.head()

    def _what_broke(self) -> None:
        self._screen.act("3. What broke, and by what")
        self._screen.say("""
            The fifth commit filled the batch, so the tests were started by themselves, in a checkout of their own.
            Some fail, so the failing ones are run again at the commits in between, until it is known which change is
            to blame for each. At a terminal you may watch for ten seconds, then you go on working. This waits to the
            end:
        """)
        self._stage.run(["batchhook", "wait", "1"], RAN)
        self._screen.say("Two of the five. Which tests, and how sure is that?")
        self._stage.run(["batchhook", "analyze", "1"], (ExitCode.TESTS_FAILED,))
        self._check_analysis()

    def _check_analysis(self) -> None:
        analysis = self._stage.facts("analyze", "1", exits=(ExitCode.TESTS_FAILED,))
        _expect("the verdict on batch 1", analysis.get("verdict"), "critical")
        blamed = {each["change"]: frozenset(each["tests"]) for each in analysis.get("culprits", ())}
        guilty = {oid: change.breaks for change, oid in self._commits.items() if change.breaks}
        _expect("what each change broke", blamed, guilty)

    def _the_way_back(self) -> None:
        self._screen.act("4. The way back")
        self._screen.say("""
            One command takes just the guilty changes out of your files. Before it touches them it proves, in a checkout
            of its own, that this mends the tests and breaks no others. (-y is for: do not ask me.)
        """)
        self._stage.run(["batchhook", "rollback", "1", "--culprit", "-y"])
        self._screen.say("""
            Without --culprit it would have been the whole batch. Had you thought better of it, `batchhook undo` would
            bring everything back. We keep it, as a commit like any other:
        """)
        self._stage.run(["git", "commit", "-m", "Take the two out that broke something"])
        self._screen.say("Do the tests pass again? They were run on these very files, as the proof; so this is quick:")
        self._stage.run(["batchhook", "test"])

    def _a_happy_end(self) -> None:
        self._screen.act("5. A happy end")
        self._commit(self._story.repaired)
        self._stage.run(["batchhook", "test"])
        self._stage.run(["batchhook", "status"])

    def _in_your_own(self) -> None:
        self._screen.act("That was batchhook")
        self._screen.say("""
            Five commits, none of them held up. The tests ran by themselves, on what was committed. You were told which
            change broke which test, took those out with one command, and lost nothing. In a repository of your own:
        """)
        self._screen.advice("batchhook install", "once; then commit as you like")
        self._screen.advice("batchhook analyze N", "what broke in batch N, and by which change")
        self._screen.advice("batchhook rollback N", "back to before batch N; --culprit: just what broke it")


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise OffScriptError(f"{what}: {found}, and not {wanted}")
