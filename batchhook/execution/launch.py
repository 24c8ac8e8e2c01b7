"""Start of harness processes: by the project's Python, or as copies of one that has collected the suite."""

from __future__ import annotations

import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from batchhook.engines.engine import WorkerPlace
from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import SuiteError
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.worker import HarnessEnds, WorkerProcess

HARNESS = Path(__file__).parents[1] / "engines" / "harness"
SCRIPT = HARNESS / "supervisor.py"
EXIT_TIMEOUT = 3.0
"""Seconds that a supervisor may take to end everything below it."""
KILL_ROUNDS = 100
MARKER = "_BATCHHOOK_WORKER"
"""The environment variable that identifies processes that outlived their supervisor."""


class PythonLauncher:
    """Starts the project's Python with the supervisor, which forks the harness.

    Args:
        spec: the suite.
        place: of the worker.
        first_party: names of the modules in the source roots.
        hash_seed: common to all processes of a run, so that sets and dictionaries, and with them the tests, are equal.
        copies: the harness's end of the socket for copies; None if none will be made.
    """

    def __init__(
        self,
        spec: SuiteSpec,
        place: WorkerPlace,
        first_party: Iterable[str],
        hash_seed: str,
        copies: socket.socket | None = None,
    ) -> None:
        self._spec = spec
        self._place = place
        self._first_party = first_party
        self._hash_seed = hash_seed
        self._copies = copies

    def __call__(self, ends: HarnessEnds) -> PythonProcess:
        """Start it.

        Raises:
            SuiteError: the interpreter cannot be started.
        """
        spec, marker = self._spec, secrets.token_hex(16)
        copies = [self._copies.fileno()] if self._copies is not None else []
        try:
            process = subprocess.Popen(
                [
                    *(str(spec.interpreter), "-B", str(SCRIPT), spec.engine.name, str(ends.commands)),
                    *(str(ends.reports), "".join(map(str, copies)), str(ends.stacks_file), start_variables(spec)),
                    recorded(spec),
                    str(spec.coverage or ""),
                    *spec.harness_engine.worker_arguments(self._place),
                ],
                cwd=spec.root,
                env=environment(spec, self._hash_seed) | {MARKER: marker},
                stdin=ends.lifeline.fileno(),
                stdout=ends.output,
                stderr=ends.output,
                pass_fds=(ends.commands, ends.reports, *copies),
                start_new_session=True,
            )
        except OSError as error:
            raise SuiteError(
                f"The test interpreter does not start: {spec.interpreter} ({error.strerror})",
                "Set `python` in the configuration to the project's interpreter.",
            ) from error
        return PythonProcess(process, marker, " ".join([ends.token, *self._first_party]), self._place.scratch)


class PythonProcess:
    """A supervisor that was started by the project's Python.

    Args:
        process: the supervisor.
        marker: in the environment of everything below it.
        first_line: what it reads before it forks the harness.
        scratch: a folder of the worker's own, which may not exist.
    """

    def __init__(self, process: subprocess.Popen[bytes], marker: str, first_line: str, scratch: Path) -> None:
        self.first_line = first_line
        self._process = process
        self._marker = marker
        self._scratch = scratch

    def wait(self, lifeline: socket.socket, pid: int) -> None:  # noqa: ARG002 - it is a child of this process
        """Wait for the end of both; kill them if it does not come soon."""
        try:
            self._process.wait(EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode != 0:  # a supervisor that exits normally has killed its descendants
            kill_marked(f"{MARKER}={self._marker}".encode())
        shutil.rmtree(self._scratch, ignore_errors=True)


class Template:
    """A harness that collects the suite and runs nothing: the workers that run tests are copies of its process.

    Args:
        spec: the suite.
        number: of the process in the run.
        first_party: names of the modules in the source roots.
        hash_seed: as for ``PythonLauncher``.
        group: all workers of the run.

    Attributes:
        worker: the process.

    Raises:
        SuiteError: the interpreter cannot be started.
    """

    def __init__(
        self, spec: SuiteSpec, number: int, first_party: Iterable[str], hash_seed: str, group: WorkerGroup
    ) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        place = WorkerPlace(spec.scratch / f"worker-{number}", group, f"gw{number}", spec.modules)
        try:
            self.worker = WorkerProcess(
                spec, number, PythonLauncher(spec, place, first_party, hash_seed, copies=theirs)
            )
        except SuiteError:
            self._socket.close()
            raise
        finally:
            theirs.close()

    @property
    def is_alive(self) -> bool:
        """Return whether it can still make copies."""
        *_, lifeline = self.worker.descriptors
        return not select.select([lifeline], [], [], 0)[0]

    def close(self) -> None:
        """End it, and all copies that are left."""
        self.worker.close()
        self._socket.close()

    def send(self, ends: HarnessEnds, name: str) -> None:
        """Ask for a copy with these pipes and that name.

        Raises:
            OSError: it has ended.
        """
        text = "\0".join((ends.token, str(ends.stacks_file), name))
        descriptors = [ends.lifeline.fileno(), ends.commands, ends.reports, ends.output]
        socket.send_fds(self._socket, [text.encode()], descriptors)
        self.worker.request_copy()


class CopyLauncher:
    """Starts a copy of a template.

    Args:
        template: what to copy.
        name: of the worker among those that run in parallel; empty for one that runs alone.
    """

    def __init__(self, template: Template, name: str) -> None:
        self._template = template
        self._name = name

    def __call__(self, ends: HarnessEnds) -> CopiedProcess:
        """Start it.

        Raises:
            SuiteError: the template has ended.
        """
        try:
            self._template.send(ends, self._name)
        except OSError as error:
            raise SuiteError(f"The process that collected the suite has ended: {error.strerror}") from error
        return CopiedProcess()


class CopiedProcess:
    """A supervisor that a template's process has forked; the template's own supervisor adopts it."""

    first_line = ""

    def wait(self, lifeline: socket.socket, pid: int) -> None:
        """Wait for the end of both; kill them if it does not come soon."""
        lifeline.settimeout(EXIT_TIMEOUT)
        try:
            while lifeline.recv(100):
                pass
        except OSError:
            with suppress(OSError):
                if pid:
                    os.kill(pid, signal.SIGKILL)


def environment(spec: SuiteSpec, hash_seed: str) -> dict[str, str]:
    """Return the variables of the tests, with the import path."""
    variables = {name: value for name, value in spec.environment.items() if name != "OLDPWD"}
    variables["PWD"] = str(spec.root)  # as a shell would have it there
    path = [str(root) for root in spec.source_roots]
    if variables.get("PYTHONPATH"):
        path.append(variables["PYTHONPATH"])
    variables["PYTHONPATH"] = os.pathsep.join(path)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    variables.setdefault("PYTHONHASHSEED", hash_seed)
    return variables


def recorded(spec: SuiteSpec) -> str:
    """Return what the harness records: ``code``, ``coverage``, both or nothing."""
    words = (("code", spec.recording), ("coverage", spec.coverage))
    return " ".join(word for word, is_asked in words if is_asked is not None)


def start_variables(spec: SuiteSpec) -> str:
    """Return the names of our variables that Python reads at its start, and that tests shall not see."""
    return " ".join({"PYTHONHASHSEED"} - spec.environment.keys())


def kill_marked(marker: bytes) -> None:
    """Kill every process with the marker in its environment, until none is left (Linux; elsewhere none is found)."""
    for _ in range(KILL_ROUNDS):
        pids = find_marked(marker)
        if not pids:
            return
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def find_marked(marker: bytes) -> list[int]:
    """Return the ids of the processes with the marker in their environment."""
    pids: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                pids.append(int(folder.name))
    return pids
