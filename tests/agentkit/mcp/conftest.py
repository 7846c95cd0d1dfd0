import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # a link lives in a loop of its own, and the tests that matter name both


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process that is to listen on a port, waits until it does, and ends it after the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], port: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.append(process)
        for _ in range(3000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            assert process.poll() is None, f"{command} ended"
            time.sleep(0.01)
        raise AssertionError(f"{command} does not listen")

    yield start
    for process in processes:
        process.kill()
        process.wait()
