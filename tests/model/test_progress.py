"""What loading tells of itself: weights from a folder, and bytes from a hub over a real socket."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from agentkit_model import Engine

COMMIT = "0" * 40


@pytest.fixture
def hub(saved: Path) -> Iterator[str]:
    """The address of a hub that has one model, `someone/tiny`."""

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = urlparse(self.path).path
            body = self.listing(path) if path.startswith("/api/") else (saved / Path(path).name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{Path(path).name}"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def listing(self, path: str) -> bytes:
            files = [file for file in sorted(saved.iterdir()) if file.is_file()]
            if "/tree/" in path:
                tree = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": COMMIT} for f in files]
                return json.dumps(tree).encode()
            siblings = [{"rfilename": file.name} for file in files]
            return json.dumps({"id": "someone/tiny", "sha": COMMIT, "siblings": siblings}).encode()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_weights_are_told_from_nothing_to_all(saved: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with Engine.from_pretrained(saved, device="cpu", progress=lambda *much: told.append(much)):
        stages, done, total = zip(*told, strict=True)
    assert set(stages) == {"weights"} and len(set(total)) == 1
    assert list(done) == sorted(done) and (done[0], done[-1]) == (0, total[0])


def test_what_progress_raises_ends_the_loading(saved: Path) -> None:
    def progress(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    for _ in range(2):  # and leaves nothing locked
        with pytest.raises(KeyboardInterrupt):
            Engine.from_pretrained(saved, device="cpu", progress=progress)


def test_threads_may_load_at_the_same_time_and_each_is_told_of_its_own(saved: Path) -> None:
    told: dict[str, list[int]] = {"a": [], "b": []}

    def load(name: str) -> None:
        Engine.from_pretrained(saved, device="cpu", progress=lambda _, done, __: told[name].append(done)).close_sync()

    threads = [threading.Thread(target=load, args=(name,)) for name in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told["a"][-1] == told["b"][-1] > 0 and told["a"] == sorted(told["a"]) and told["b"] == sorted(told["b"])


def test_a_download_is_told_in_bytes(hub: str, saved: Path, tmp_path: Path) -> None:
    """In a process of its own, since the hub client reads its settings when it is imported."""
    program = """
import json
from agentkit_model import Engine
told = []
Engine.from_pretrained("someone/tiny", device="cpu", progress=lambda *much: told.append(much)).close_sync()
print(json.dumps(told))
"""
    online = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment = {**online, "HF_ENDPOINT": hub, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    told = json.loads(done.stdout)
    bytes_told = [much[1:] for much in told if much[0] == "download"]
    size = (saved / "model.safetensors").stat().st_size
    assert bytes_told[-1][0] == bytes_told[-1][1] >= size
    assert told[-1][0] == "weights" and told[-1][1] == told[-1][2] > 0
