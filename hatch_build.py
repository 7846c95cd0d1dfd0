"""Compiles the kernels in agentkit_model/native when the package is built, with the C compiler at hand.

Without one the package is built all the same, without them: torch computes everything then. `AGENTKIT_NATIVE=0` in the
environment leaves them out, `AGENTKIT_NATIVE=1` makes it an error that they can't be compiled.
"""

import os
import platform
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("model/agentkit_model/native")
OPTIONS = ["-O3", "-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden"]
VARIANTS = {  # the libraries for a machine: their names, and what tells the compiler of the vectors they use
    "x86_64": {"avx2": ["-march=x86-64-v3"], "avx512": ["-march=x86-64-v4"]},
    "aarch64": {"neon": []},
    "arm64": {"neon": []},
}


class Kernels(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the libraries to a wheel, or beside the sources of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        root, wanted = Path(self.root), os.environ.get("AGENTKIT_NATIVE")
        if version == "editable":  # what an earlier install left there is no part of this one
            for library in (root / FOLDER).glob("*.so"):
                library.unlink()
        if wanted == "0":
            return
        try:
            libraries = compile_kernels(root)
        except (OSError, subprocess.CalledProcessError) as error:
            if wanted == "1":
                raise
            why = getattr(error, "stderr", None) or error
            self.app.display_warning(f"built without compiled kernels, small networks will be slower on a CPU: {why}")
            return
        build_data["artifacts"] += [f"/{library.relative_to(root)}" for library in libraries]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def compile_kernels(root: Path) -> list[Path]:
    """The libraries for this machine, compiled from `kernels.c`."""
    if platform.machine() not in VARIANTS:
        raise OSError(f"there are none for {platform.machine()}")
    source = root / FOLDER / "kernels.c"
    return [compiled(source, options, root / FOLDER / f"{n}.so") for n, options in VARIANTS[platform.machine()].items()]


def compiled(source: Path, options: list[str], library: Path) -> Path:
    """The library, which is there whole or not at all: programs may have opened the one before."""
    new = library.with_suffix(f".{os.getpid()}")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    try:
        command = [*compiler, *OPTIONS, *options, str(source), "-o", str(new)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        new.replace(library)
    finally:
        new.unlink(missing_ok=True)
    return library
