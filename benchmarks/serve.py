"""The pages after few batches and after very many: first byte, loaded page, memory.

    python -m benchmarks.serve [--batches N] [--few N] [--tests N] [--rounds N] [--cache DIR]

The repositories are those of benchmarks/history. Each has a server of its own; they take turns, so that other load on
the machine affects both alike. A page counts as loaded at the browser's DOMContentLoaded, if there is Chromium. The
aim: growth of at most 1.3, a server that starts within a second, and less than 100 MB.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.commit_cost import create_environment, scratch_folder
from benchmarks.history.__main__ import build
from benchmarks.history.repository import History

CHROMIUM = Path("/usr/bin/chromium")
PATHS = ("/", "/live", "/batches", "/batches/{latest}", "/tests", "/tests?sort=slowest", "/changes", "/operations")
GOAL = 1.3


class Server:
    """A running server.

    Args:
        process: of the server.
        address: that it printed.
        started: seconds until it was up.
    """

    def __init__(self, process: subprocess.Popen[str], address: str, started: float) -> None:
        self.process = process
        self.address = address
        self.started = started
        split = urlsplit(address)
        self._place = split.hostname or "", split.port
        with closing(http.client.HTTPConnection(*self._place, timeout=60)) as connection:
            connection.request("GET", f"/?{split.query}")
            cookie = connection.getresponse().getheader("set-cookie") or ""
        self._headers = {"Cookie": cookie.partition(";")[0]}

    def time_page(self, path: str) -> float:
        """Return the seconds until the first byte of a page; servers end connections that are not used."""
        with closing(http.client.HTTPConnection(*self._place, timeout=60)) as connection:
            begun = time.perf_counter()
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            seconds = time.perf_counter() - begun
            response.read()
        if response.status != 200:  # noqa: PLR2004 - OK
            sys.exit(f"{path}: {response.status}")
        return seconds

    @property
    def megabytes(self) -> float:
        """Peak of its memory, where /proc shows it; else 0."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM:")), 0.0)


@contextmanager
def run_server(history: History) -> Iterator[Server]:
    """Run the server of a repository."""
    command = [sys.executable, "-m", "batchhook", "-C", str(history.folder), "serve"]
    begun = time.perf_counter()
    with subprocess.Popen(command, env=history.environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            yield Server(process, address, time.perf_counter() - begun)
        finally:
            process.terminate()


def time_loading(servers: Sequence[Server], rounds: int) -> list[float]:
    """Return the median of each server's seconds until its overview is loaded in a browser; nothing without one."""
    if find_spec("playwright") is None or not CHROMIUM.exists():
        return []
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional

    seconds: list[list[float]] = [[] for _ in servers]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        pages = [browser.new_context().new_page() for _ in servers]
        for _ in range(rounds + 1):
            for place, (page, server) in enumerate(zip(pages, servers, strict=True)):
                page.goto(server.address, wait_until="domcontentloaded")
                timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
                seconds[place].append(page.evaluate(timing) / 1000)
        browser.close()
    return [statistics.median(each[1:]) for each in seconds]


def show(histories: Sequence[History], rounds: int) -> None:
    """Measure, and print the medians with their growth."""
    with ExitStack() as stack:
        servers = [stack.enter_context(run_server(history)) for history in histories]
        seconds: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        for _ in range(rounds + 1):
            for path in PATHS:
                for place, (history, server) in enumerate(zip(histories, servers, strict=True)):
                    seconds[path, place].append(server.time_page(path.format(latest=history.batches)))
        print(f"\n{'first byte':30} {histories[0].batches:>10,} {histories[1].batches:>10,} batches")
        for path in PATHS:
            few, many = (statistics.median(seconds[path, place][1:]) for place in range(2))
            print(f"{path:30} {1000 * few:7.1f} ms {1000 * many:7.1f} ms   {many / few:.2f}")
        loaded = time_loading(servers, rounds)
        if loaded:
            few, many = loaded
            print(f"{'overview, loaded':30} {1000 * few:7.1f} ms {1000 * many:7.1f} ms   {many / few:.2f}")
        for label, values in (
            ("started", [f"{server.started:.2f} s" for server in servers]),
            ("memory", [f"{server.megabytes:.0f} MB" for server in servers]),
        ):
            print(f"{label:30} {values[0]:>10} {values[1]:>10}")
        print(f"The aim: growth of at most {GOAL}, 1 s, 100 MB.")


def main() -> None:
    """Parse the command line, build the repositories, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--tests", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cache", type=Path, help="keep the repositories here")
    options = parser.parse_args()
    with scratch_folder() as scratch:
        environment = create_environment(scratch) | {"BATCHHOOK_NO_RUNNER": "1"}
        folder = (options.cache or scratch).resolve()
        histories = [
            build(History(folder / f"{batches}-batches-of-{options.tests}", batches, options.tests, environment))
            for batches in (options.few, options.batches)
        ]
        show(histories, options.rounds)


if __name__ == "__main__":
    main()
