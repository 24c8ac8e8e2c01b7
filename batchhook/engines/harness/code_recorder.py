"""Record which code of the checkout each test runs, which files it opens, and whether it starts programs.

Functions are noted when they are entered, once per test: from Python 3.12 on by ``sys.monitoring``, whose events are
switched off for each function that has been noted; before by ``sys.settrace``, whose function declines to trace lines
(or by ``sys.setprofile``, where coverage needs the former). Files and programs are noted by an audit hook (PEP 578).

Code that runs outside of tests, and code that an import runs inside of one, is noted apart: other tests have the module
already, and run none of it. So is the code of fixtures that tests share: each test says which ones it uses.
"""

from __future__ import annotations

import os
import sys

from .locations import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType
    from typing import Any

MAX_CODES = 100_000
"""Functions and files of one process; with more, nothing is recorded from then on."""
FILE, FOLDER, PROGRAM = "<file>", "<folder>", "<program>"
"""In place of a function's name: a file was opened, a folder was listed, a program was started."""
OUTSIDE = -1
"""In place of a test's number: code that runs outside of tests."""

_INSIDE = ROOT + os.sep
_PROGRAM = ("", 0, PROGRAM)
_STARTS = ("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn")
_OPENS = {"open": FILE, "sqlite3.connect": FILE, "ctypes.dlopen": FILE, "os.listdir": FOLDER, "os.scandir": FOLDER}
_EVENTS = frozenset({"exec", "subprocess.Popen", "code.__new__", *_STARTS, *_OPENS})
_SOURCE = (".py", ".pyc")
_NEAR = 8
"""Frames in which the caller of a function that opens files is looked for."""
# Tests may replace these.
_getframe = sys._getframe  # noqa: SLF001 - it has no other name
_getcwd, _normpath, _join, _fsdecode = os.getcwd, os.path.normpath, os.path.join, os.fsdecode
_basename, _executable = os.path.basename, sys.executable or "python"
_gettrace, _settrace, _getprofile, _setprofile = sys.gettrace, sys.settrace, sys.getprofile, sys.setprofile


def open_recorder(recording: str) -> NoRecorder:
    """Return what records what tests do; ``recording`` lists it: ``code``, ``coverage`` or nothing."""
    words = recording.split()
    return CodeRecorder("coverage" in words) if "code" in words else NoRecorder()


class NoRecorder:
    """Records nothing."""

    def begin(self, buffer: Callable[..., None]) -> None:
        """Ignore the start of the process, or of a copy."""

    def test_started(self) -> None:
        """Ignore the start of a test."""

    def test_finished(self, item: int, uses: Sequence[str]) -> None:
        """Ignore the end of a test."""

    def fixture_started(self, name: str) -> None:
        """Ignore the start of a fixture."""

    def fixture_finished(self) -> None:
        """Ignore the end of a fixture."""

    def report_outside(self) -> None:
        """Report nothing."""


class CodeRecorder(NoRecorder):
    """Records the code that each test runs.

    Args:
        with_coverage: whether coverage traces this process.
    """

    def __init__(self, with_coverage: bool = False) -> None:  # noqa: FBT001, FBT002 - passed by position, in Python 3.8
        self._buffer: Callable[..., None] | None = None
        self._numbers: dict[tuple[str, int, str], int] = {}  # of what was listed
        self._listed: list[tuple[str, int, str]] = []  # new ones
        self._places: dict[int, tuple[Any, tuple[str, int, str] | None]] = {}  # by id of the code, which stays alive
        self._outside: set[tuple[str, int, str]] = set()
        self._stack: list[tuple[str, dict[Any, Any], set[tuple[str, int, str]]]] = []
        self._importing: list[FrameType] = []  # the frame that executes a module inside of a test
        self._in_test = False
        self._entered: dict[Any, CodeType] = {}
        self._used: set[tuple[str, int, str]] = set()  # files, folders and programs
        if hasattr(sys, "monitoring"):
            self._tracer: Any = MonitoringTracer(self._entered, self._importing, self._note_import)
        else:
            self._tracer = CallTracer(self._entered, self._importing, self._note_import, is_profiler=with_coverage)
        self._processes = ""
        self._tracer.start()
        sys.addaudithook(self._audit)

    # --- what the harness tells -------------------------------------------------------------------------------------

    def begin(self, buffer: Callable[..., None]) -> None:
        """Report by ``Channel.buffer`` from now on."""
        self._buffer = buffer
        self._numbers = {}
        self._listed = []

    def test_started(self) -> None:
        """Begin a test."""
        self._collect_outside()
        self._in_test = True
        self._processes = count_processes()
        self._tracer.restart()

    def test_finished(self, item: int, uses: Sequence[str]) -> None:
        """Report a test's code, unless the test has taken the means to record it.

        Args:
            item: number of the test; -1 if it is not listed.
            uses: names of the fixtures that it shares with others.
        """
        is_whole = self._tracer.is_running and not self._stack
        if count_processes() != self._processes:
            self._used.add(_PROGRAM)
        self._in_test = False
        del self._stack[:], self._importing[:]
        codes = self._take()
        if item >= 0 and is_whole:
            self._report(item, "", uses, codes)

    def fixture_started(self, name: str) -> None:
        """Begin the set-up or tear-down of a fixture that tests share, outside of a test or inside of one."""
        if not self._in_test:
            self._collect_outside()
        self._stack.append((name, dict(self._entered), set(self._used)))
        self._entered.clear()
        self._used.clear()
        self._tracer.restart()

    def fixture_finished(self) -> None:
        """Report the code of the fixture that was started last."""
        if not self._stack:
            return
        name, entered, used = self._stack.pop()
        self._report(OUTSIDE, name, (), self._take())
        self._entered.update(entered)
        self._used.update(used)

    def report_outside(self) -> None:
        """Report the code that has run outside of tests since the last call."""
        if not self._in_test:
            self._collect_outside()
        if self._outside:
            self._report(OUTSIDE, "", (), self._outside)
            self._outside = set()

    # --- reports ----------------------------------------------------------------------------------------------------

    def _report(self, item: int, fixture: str, uses: Sequence[str], codes: set[tuple[str, int, str]]) -> None:
        if len(self._numbers) > MAX_CODES or self._buffer is None or (fixture and not codes):
            return
        numbers = sorted(map(self._number, codes))
        listed, self._listed = self._listed, []
        self._buffer("code", item=item, fixture=fixture, uses=list(uses), listed=listed, codes=numbers)

    def _number(self, place: tuple[str, int, str]) -> int:
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self._numbers)
            self._listed.append(place)
        return number

    def _collect_outside(self) -> None:
        self._outside |= self._take()

    def _take(self) -> set[tuple[str, int, str]]:
        """Return what was noted, and forget it."""
        places = self._used | set(filter(None, [self._place(code) for code in list(self._entered.values())]))
        self._entered.clear()
        self._used.clear()
        return places

    def _place(self, code: Any) -> tuple[str, int, str] | None:  # noqa: ANN401 - a CodeType
        """Return path, first line and name of a function of the checkout; None for others."""
        entry = self._places.get(id(code))
        if entry is None or entry[0] is not code:
            path = relative(code.co_filename)
            place = (path, code.co_firstlineno, code.co_name) if path else None
            entry = code, place
            if len(self._places) <= MAX_CODES:
                self._places[id(code)] = entry
        return entry[1]

    # --- observation ------------------------------------------------------------------------------------------------

    def _note_import(self, code: CodeType) -> None:
        """Note code that runs because a module is imported inside of a test; find out whether the import has ended."""
        frame: Any = _getframe(2)
        while frame is not None and frame is not self._importing[0]:
            frame = frame.f_back
        if frame is None:
            del self._importing[:]
            return
        place = self._place(code)
        if place is not None:
            self._outside.add(place)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS:
            return
        try:
            if event == "exec":
                self._note_execution(arguments[0])
            elif event in _OPENS:
                self._note_path("." if arguments[0] is None else arguments[0], _OPENS[event])
            elif event == "subprocess.Popen":
                self._note_program(arguments[0])
            elif event in _STARTS and self._in_test:
                self._used.add(_PROGRAM)
            elif event == "code.__new__" and relative(arguments[1]):
                self._tracer.expect_unknown()
        except Exception:  # noqa: BLE001, S110 - an exception would end the project's own call
            pass

    def _note_execution(self, code: Any) -> None:  # noqa: ANN401 - a CodeType
        if not relative(code.co_filename):
            return
        self._tracer.prepare(code)
        caller = _getframe(3)
        if self._in_test and not self._importing and is_importer(caller.f_code.co_filename):
            self._importing.append(caller)

    def _note_program(self, program: Any) -> None:  # noqa: ANN401 - whatever Popen accepts
        """Note the start of a program; one that an import starts matters if it may run code of the checkout."""
        name = _basename(_fsdecode(program))
        if self._in_test or name.startswith("python") or name == _basename(_executable):
            self._used.add(_PROGRAM)

    def _note_path(self, path: Any, kind: str) -> None:  # noqa: ANN401 - whatever was opened
        if isinstance(path, int):
            return
        name = _fsdecode(path)
        if not name.startswith("/"):
            name = _join(_getcwd(), name)
        name = relative(_normpath(name) + (os.sep if kind is FOLDER else ""))
        if not name or self._is_import(name):
            return
        self._used.add((name.rstrip(os.sep), 0, kind))

    def _is_import(self, name: str) -> bool:
        """Return whether a file is opened, or a folder listed, to import a module, to find tests or to show lines."""
        frame = _getframe(4)
        opener = frame.f_code.co_filename
        if is_importer(opener) or (name.endswith(_SOURCE) and (opener.endswith("tokenize.py") or not self._in_test)):
            return True
        return not self._in_test and not has_project_frame(frame)


class MonitoringTracer:
    """Notes the functions that are entered, by ``sys.monitoring`` (PEP 669).

    Each function of the checkout has an event of its own, which is switched off once it has come, and on again for the
    next test. That costs less than ``restart_events``, which concerns each function of the process and each tool.

    Args:
        entered: where functions are noted, by their ids.
        importing: the frame that executes a module inside of a test; empty if there is none.
        note_import: called with functions that are entered while a module is being imported inside of a test.
    """

    def __init__(self, entered: dict[int, CodeType], importing: list[FrameType], note_import: Any) -> None:  # noqa: ANN401
        self._entered = entered
        self._importing = importing
        self._note_import = note_import
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
        self._start = self._monitoring.events.PY_START
        self._tool = -1
        self._armed: set[int] = set()  # ids of code objects, which stay alive in the list below
        self._codes: list[CodeType] = []
        self._fired: list[CodeType] = []
        self._expects_unknown = False

    def start(self) -> None:
        """Take a tool id that is free; without one nothing is recorded."""
        for tool in (4, 3, 5, 2, 1, 0):
            if self._monitoring.get_tool(tool) is None:
                self._tool = tool
                self._monitoring.use_tool_id(tool, "batchhook")
                self._monitoring.register_callback(tool, self._start, self._enter)
                return

    @property
    def is_running(self) -> bool:
        """Return whether events still arrive."""
        return self._tool >= 0 and self._monitoring.get_tool(self._tool) == "batchhook"

    def prepare(self, code: CodeType) -> None:
        """Have the functions of a module noted, before it is executed."""
        if self._expects_unknown or not self.is_running:
            return
        codes = [code]
        while codes:
            code = codes.pop()
            if id(code) not in self._armed and len(self._codes) < MAX_CODES:
                self._armed.add(id(code))
                self._codes.append(code)
                self._monitoring.set_local_events(self._tool, code, self._start)
                codes.extend(each for each in code.co_consts if hasattr(each, "co_code"))

    def expect_unknown(self) -> None:
        """Note each function that is entered from now on: there are some that no module has defined."""
        if not self._expects_unknown and self.is_running:
            self._expects_unknown = True
            self._monitoring.set_events(self._tool, self._start)

    def restart(self) -> None:
        """Note functions again that were noted before."""
        if not self.is_running:
            return
        fired, self._fired = self._fired, []
        if self._expects_unknown:
            self._monitoring.restart_events()
            return
        switch, tool, start = self._monitoring.set_local_events, self._tool, self._start
        for code in fired:
            switch(tool, code, 0)
            switch(tool, code, start)

    def _enter(self, code: CodeType, offset: int) -> object:  # noqa: ARG002 - of the instruction
        self._entered[id(code)] = code
        self._fired.append(code)
        if self._importing:
            self._note_import(code)
        return self._monitoring.DISABLE


class CallTracer:
    """Notes the functions that are entered, by a trace or profile function that is called for calls.

    ``f_code`` and ``id`` raise audit events, which would cost more than all else. So functions are told apart by file
    and line; those of other code than the checkout's by the file alone.

    Args:
        entered: where functions are noted.
        importing: the frame that executes a module inside of a test; empty if there is none.
        note_import: called with functions that are entered while a module is being imported inside of a test.
        is_profiler: whether to leave the trace function to others.
    """

    def __init__(
        self,
        entered: dict[Any, CodeType],
        importing: list[FrameType],
        note_import: Any,  # noqa: ANN401 - a function
        is_profiler: bool,  # noqa: FBT001
    ) -> None:
        is_project: dict[Any, bool] = {}  # by file
        codes: dict[tuple[Any, int], CodeType] = {}

        def enter(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001 - Python's signature
            file = frame.f_globals.get("__file__")
            if is_project.get(file) is False or event != "call":
                return
            key = file, frame.f_lineno
            if key in entered and not importing:
                return
            code = codes.get(key)
            if code is None:
                code = frame.f_code
                if not isinstance(file, str) or code.co_name == "<module>":  # whose first line may be a function's
                    key = code.co_filename, -code.co_firstlineno
                elif len(codes) < MAX_CODES:
                    is_project[file] = bool(relative(file) or relative(code.co_filename))
                    codes[key] = code
            entered[key] = code
            if importing:
                note_import(code)

        self._enter = enter  # no method: each access would make a new object
        self._get: Any = _getprofile if is_profiler else _gettrace
        self._set: Any = _setprofile if is_profiler else _settrace
        self._thread_name = "setprofile" if is_profiler else "settrace"

    def start(self) -> None:
        """Begin to note functions, in this thread and those that it starts."""
        self._set(self._enter)
        self._follow_threads()

    @property
    def is_running(self) -> bool:
        """Return whether calls are still traced."""
        return self._get() is self._enter

    def prepare(self, code: CodeType) -> None:
        """Do nothing: each call is traced."""

    def expect_unknown(self) -> None:
        """Do nothing: each call is traced."""

    def restart(self) -> None:
        """Begin again if a test has ended it."""
        if self._get() is not self._enter:
            self._set(self._enter)
        self._follow_threads()

    def _follow_threads(self) -> None:
        threading: Any = sys.modules.get("threading")
        follow = getattr(threading, self._thread_name, None)
        if follow is not None:
            follow(self._enter)


def is_importer(path: str) -> bool:
    """Return whether a frame's file is part of the machinery that imports modules."""
    return path.startswith("<frozen importlib") or path.endswith("_pytest/assertion/rewrite.py")


def has_project_frame(frame: Any) -> bool:  # noqa: ANN401 - a frame
    """Return whether code of the checkout is among the nearest callers."""
    for _ in range(_NEAR):
        if frame is None:
            return False
        if relative(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


def count_processes() -> str:
    """Return a text that changes when multiprocessing starts a process, which it may do without an audit event."""
    return repr(getattr(sys.modules.get("multiprocessing.process"), "_process_counter", ""))


def relative(path: object) -> str:
    """Return a path relative to the checkout; empty for other files and environments inside the checkout."""
    if not isinstance(path, str) or not path.startswith(_INSIDE):
        return ""
    if "-packages" + os.sep in path or path.startswith(_INSIDE + ".git" + os.sep):
        return ""
    return path[len(_INSIDE) :] or "."
