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
        wanted = os.environ.get("AGENTKIT_NATIVE")
        if self.target_name != "wheel" or wanted == "0":
            return
        try:
            libraries = compile_kernels(Path(self.root))
        except (OSError, subprocess.CalledProcessError) as error:
            if wanted == "1":
                raise
            self.app.display_warning(f"built without compiled kernels, small networks will be slower on a CPU: {error}")
            return
        if libraries:
            build_data["artifacts"] += [f"/{library.relative_to(self.root)}" for library in libraries]
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def compile_kernels(root: Path) -> list[Path]:
    """The libraries for this machine, compiled from `kernels.c`."""
    variants = VARIANTS.get(platform.machine(), {}).items()
    return [compiled(root / FOLDER / "kernels.c", root / FOLDER / f"{name}.so", options) for name, options in variants]


def compiled(source: Path, library: Path, options: list[str]) -> Path:
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *OPTIONS, *options, str(source), "-o", str(library)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return library
