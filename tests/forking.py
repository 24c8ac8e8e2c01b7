"""Start batchhook's processes without waiting for their imports: forked from a server that has made them already.

Python and its imports take longer to start than most commands take to run, and the tests start thousands: commands,
hooks, and the runners and dispatchers that these spawn. A forked process has its own folder, environment and standard
streams, ends like any other, and shares with the others only what was imported before.

Each of pytest's workers starts its server at the first call; it ends with the worker. A hook's script starts ``python``
in the server's folder, a small client. With ``BATCHHOOK_TEST_UNFORKED=1``, as in ``make nightly``, every process is
started from scratch.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import batchhook
from batchhook.git.environment import background_environment
from batchhook.git.location import Location
from batchhook.store.state_dir import StateDir
from batchhook.workflow.setup import hook_files, hook_scripts
from batchhook.workflow.status import spawn

UNFORKED = os.environ.get("BATCHHOOK_TEST_UNFORKED") == "1"

# Standard library without `site`, and C modules where there are any: it has to start quickly.
_CLIENT = """\
#!{base} -IS
import _socket, marshal, os, sys

def run():
    code = b""
    try:
        variables = {{name: value for name, value in os.environb.items() if name.startswith((b"LC_", b"LANG"))}}
        if sys.argv[1:4] != ["-E", "-m", "batchhook.hook"] or variables != {locale!r} or os.isatty(2):
            return
        connection = _socket.socket(_socket.AF_UNIX)
        connection.connect({address!r})
        data = marshal.dumps((sys.argv[3:], os.getcwdb(), dict(os.environb), True))
        streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
        connection.sendmsg([len(data).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        connection.sendall(data)
        code = connection.recv(4)
    except OSError:
        return
    os._exit(int(code or 1))

run()
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""

_LENGTH = struct.Struct("!I")
_lock = threading.Lock()


class _Request(NamedTuple):
    """A process to start: a module and its arguments, and where to run it."""

    command: Sequence[str]
    folder: bytes
    environment: Mapping[bytes, bytes]
    is_awaited: bool


class _Server(NamedTuple):
    """The process that forks. It ends when ``lifeline`` is closed."""

    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]
    lifeline: int

    @property
    def address(self) -> str:
        return f"{self.folder.name}/socket"


class _HookInterpreter:
    """In the place of ``sys`` where hooks are written: has them run the client, and starts the server for them."""

    @property
    def executable(self) -> str:
        return os.fspath(Path(_address()).with_name("python"))


_servers: list[_Server] = []


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: bytes | None
) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m batchhook`` with these arguments, and wait for it; without ``stdin``, it is closed."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(stdin or b"")
        given.seek(0)
        variables = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
        request = _Request(["batchhook", *arguments], os.fsencode(folder), variables, is_awaited=True)
        streams = [given.fileno(), output.fileno(), errors.fileno()]
        code = _request(_address(), request, streams if stdin is not None else streams[1:])
        for stream in (output, errors):
            stream.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read(), errors.read())


def serve_hooks() -> None:
    """Let hooks that this process installs run through the server."""
    if not UNFORKED:
        _set_interpreter(_HookInterpreter())


def _set_interpreter(interpreter: object) -> None:
    """Set the Python that hooks are written for and compared with; ``interpreter`` takes the place of ``sys``."""
    for module in (hook_files, hook_scripts):
        assert vars(module)["sys"]
        vars(module)["sys"] = interpreter


def _request(address: str, request: _Request, streams: Sequence[int]) -> int:
    """Have a process started; return its exit code, or 0 if it is not awaited."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        data = marshal.dumps((list(request.command), request.folder, dict(request.environment), request.is_awaited))
        socket.send_fds(connection, [_LENGTH.pack(len(data))], list(streams))
        connection.sendall(data)
        return int(_read(connection, 4))


def _address() -> str:
    """Return the server's socket; start the server if there is none."""
    with _lock:
        if not _servers:
            folder = tempfile.TemporaryDirectory(prefix="batchhook-forking-")
            lifeline, our_end = os.pipe()
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(f"{folder.name}/socket")
                listening.listen(64)
                inherited = (listening.fileno(), lifeline)
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.forking", folder.name, *map(str, inherited)],
                    cwd=Path(__file__).parents[1],
                    pass_fds=inherited,
                    stdin=subprocess.DEVNULL,
                )
            os.close(lifeline)
            _servers.append(_Server(process, folder, our_end))
        return _servers[0].address


def stop() -> None:
    """End the server, if there is one."""
    while _servers:
        server = _servers.pop()
        os.close(server.lifeline)
        server.process.wait()
        server.folder.cleanup()


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionResetError  # an OSError, as when a process cannot be started
        data += piece
    return data


def _serve(listening: socket.socket, lifeline: int) -> None:
    """Fork for each request, until the lifeline is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    gc.collect()
    gc.freeze()  # else a collection in a child would write to, and so copy, every page
    watched: list[socket.socket | int] = [listening, lifeline]
    while lifeline not in select.select(watched, [], [])[0]:
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            with contextlib.suppress(OSError):
                _answer(connection, lifeline)
            os._exit(0)
        connection.close()


def _answer(connection: socket.socket, lifeline: int) -> None:
    """Start the requested process, and answer with its exit code.

    A process that is awaited ends with the one that awaits it, which stands for it: a killed hook is gone, and so is a
    command whose test has run into its time limit. At the latest, it ends with the tests.
    """
    header, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
    if len(header) < _LENGTH.size:
        return  # killed before it could ask
    request = _Request(*marshal.loads(_read(connection, _LENGTH.unpack(header)[0])))
    child = os.fork()
    if child == 0:
        connection.close()
        os.close(lifeline)
        if not request.is_awaited:
            os.setsid()
        _become(request, streams)
    status = 0
    if request.is_awaited:
        threading.Thread(target=_end_with, args=(connection, lifeline, child), daemon=True).start()
        _, status = os.waitpid(child, 0)
    connection.sendall(b"%4d" % os.waitstatus_to_exitcode(status))


def _end_with(connection: socket.socket, lifeline: int, child: int) -> None:
    """End a process as soon as the one that awaits it has ended, or the tests have."""
    select.select([connection.fileno(), lifeline], [], [])  # neither sends anything
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _become(request: _Request, streams: Sequence[int]) -> None:
    """Turn this process into what ``python -m`` with that module would be."""
    has_input = len(streams) == 3
    for number, stream in enumerate(streams, 0 if has_input else 1):
        os.dup2(stream, number)
        os.close(stream)
    if not has_input:
        os.close(0)
    os.chdir(request.folder)
    os.environ.clear()
    os.environb.update(request.environment)
    time.tzset()
    module, *arguments = request.command
    main = importlib.import_module("batchhook.__main__" if module == "batchhook" else module)
    sys.argv = [main.__file__ or module, *arguments]
    # As the interpreter opens them.
    sys.stdin = open(0, encoding="utf-8", closefd=False) if has_input else None  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # noqa: SIM115
    code: object = None
    try:
        main.main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - this process ends here
        sys.excepthook(*sys.exc_info())
        code = 1
    with contextlib.suppress(OSError, ValueError):
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _prepare(folder: Path) -> None:
    """Import the package, write the hooks' client, and have our own processes spawn theirs through the server."""
    for module in pkgutil.walk_packages(batchhook.__path__, "batchhook."):
        if module.name.split(".")[1] not in {"demo", "engines", "hooks"}:
            with contextlib.suppress(Exception):  # its own tests fail
                importlib.import_module(module.name)

    locale = {name: value for name, value in os.environb.items() if name.startswith((b"LC_", b"LANG"))}
    client = folder / "python"
    base = os.path.realpath(sys.executable)
    address = os.fspath(folder / "socket")
    client.write_text(_CLIENT.format(base=base, locale=locale, address=address, python=sys.executable))
    client.chmod(0o755)
    _set_interpreter(SimpleNamespace(executable=os.fspath(client)))

    def spawn_module(module: str, location: Location, environment: Mapping[str, str]) -> None:
        """Do as the original: in a new session, with the log as output."""
        clean = background_environment(environment)
        variables = {os.fsencode(name): os.fsencode(value) for name, value in clean.items()}
        request = _Request(
            [module, os.fspath(location.top)], os.fsencode(location.common_dir), variables, is_awaited=False
        )
        with StateDir.for_repository(location.common_dir).log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            _request(address, request, [nothing.fileno(), log.fileno(), log.fileno()])

    assert vars(spawn)["_spawn_module"]
    vars(spawn)["_spawn_module"] = spawn_module


if __name__ == "__main__":
    _prepare(Path(sys.argv[1]))
    _serve(socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3]))
