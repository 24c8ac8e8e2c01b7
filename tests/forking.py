"""Starting batchhook as a process without waiting for its imports: forked from one that has made them already.

Each call is a process of its own, with its own folder, environment and standard streams, and ends as any other. What it
shares with the others is only what was imported before: typer, pydantic, rich and the commands. To start Python and
import these takes longer than most commands do, and the tests start very many.

The process that forks is started at the first call, by each of pytest's workers, and ends when the worker does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from batchhook.cli.app import application
from batchhook.cli.main import main

_LENGTH = struct.Struct("!I")
_lock = threading.Lock()


class _Server(NamedTuple):
    """The process that forks, where it listens, and what has to stay as long as we do."""

    process: subprocess.Popen[bytes]
    address: str
    folder: tempfile.TemporaryDirectory[str]
    life: int


_server: list[_Server] = []


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: bytes
) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m batchhook`` with these arguments, and wait for it."""
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as error,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        given.write(stdin)
        given.seek(0)
        connection.connect(_address())
        request = json.dumps(
            {"arguments": list(arguments), "folder": os.fspath(folder), "environment": {**environment}}
        )
        data = request.encode("utf-8", "surrogateescape")
        socket.send_fds(connection, [_LENGTH.pack(len(data))], [given.fileno(), out.fileno(), error.fileno()])
        connection.sendall(data)
        code = int(_read(connection, 4))
        for stream in (out, error):
            stream.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), error.read())


def _address() -> str:
    """Where the process listens that forks; starts it where there is none."""
    with _lock:
        if not _server:
            folder = tempfile.TemporaryDirectory(prefix="batchhook-forking-")
            address = f"{folder.name}/socket"
            life, ours = os.pipe()  # whatever becomes of us, the other end is told
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(address)
                listening.listen(64)
                handed_on = (listening.fileno(), life)
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.forking", *map(str, handed_on)],
                    cwd=Path(__file__).parents[1],
                    pass_fds=handed_on,
                    stdin=subprocess.DEVNULL,
                )
            os.close(life)
            _server.append(_Server(process, address, folder, ours))
        return _server[0].address


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _serve(listening: socket.socket, life: int) -> None:
    """Fork for each call, until nobody is left to make any."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    watched: list[socket.socket | int] = [listening, life]
    while life not in select.select(watched, [], [])[0]:
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            with contextlib.suppress(OSError, EOFError):
                _answer(connection)
            os._exit(0)
        connection.close()


def _answer(connection: socket.socket) -> None:
    header, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
    request = json.loads(_read(connection, _LENGTH.unpack(header)[0]).decode("utf-8", "surrogateescape"))
    child = os.fork()
    if child == 0:
        connection.close()
        _become(request, descriptors)
    _, status = os.waitpid(child, 0)
    connection.sendall(b"%4d" % os.waitstatus_to_exitcode(status))


def _become(request: dict[str, object], descriptors: Sequence[int]) -> None:
    """Be what ``python -m batchhook`` would be."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["batchhook", *arguments]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as the interpreter opens them
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # noqa: SIM115
    code: object = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    application([])  # all commands, with what they import
    _serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
