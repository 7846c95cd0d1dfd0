"""The wheel, built and installed into an empty environment."""

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = {"agentkit", "agentkit_model", "agentkit_recipe", "agentkit_tools"}
pytestmark = pytest.mark.timeout(1200)


def run(*command: object, cwd: Path, **environment: str) -> str:
    command = tuple(str(part) for part in command)
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(folder: Path, **environment: str) -> Path:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder, **environment)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_adds_four_names_and_carries_the_model(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = archive.infolist()
    tops = {file.filename.split("/")[0] for file in files}
    assert {top for top in tops if not top.endswith(".dist-info")} == NAMES
    bundled = {Path(f.filename).name: f for f in files if f.filename.startswith("agentkit_model/bundled/")}
    assert {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "README.md"} <= set(bundled)
    assert sum(file.compress_size for file in bundled.values()) <= 10e6
    assert wheel.stat().st_size <= 12e6
    with zipfile.ZipFile(wheel) as archive:
        entry_points = next(file for file in files if file.filename.endswith("entry_points.txt"))
        assert "[pytest11]\nagentkit.testing.plugin" in archive.read(entry_points).decode()
    assert "agentkit/testing/plugin.py" in {file.filename for file in files}


def libraries(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if name.endswith(".so")]


@pytest.mark.skipif(shutil.which("cc") is None or platform.machine() not in ("x86_64", "aarch64"), reason="no compiler")
def test_it_has_compiled_kernels_where_there_is_a_compiler(wheel: Path) -> None:
    assert libraries(wheel) and "-none-linux" in wheel.name


@pytest.mark.parametrize("environment", [{"CC": "no-such-compiler"}, {"AGENTKIT_NATIVE": "0"}], ids=str)
def test_it_is_built_without_a_compiler_too(tmp_path: Path, environment: dict[str, str]) -> None:
    pure = build(tmp_path, **environment)
    assert not libraries(pure) and pure.name.endswith("-py3-none-any.whl")


def test_it_answers_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    before = installed(scripts, tmp_path)
    pip = (scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, wheel, cwd=tmp_path)
    added = {name for name in installed(scripts, tmp_path) - before if name.startswith("agentkit")}
    assert added == NAMES
    refused = subprocess.run([scripts / "agentkit", "ask", "hello"], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 2 and "agentkit-diffusion[engine]" in refused.stderr.replace("\n", "")
    run(*pip, f"{wheel}[engine]", cwd=tmp_path)
    assert "408" in run(scripts / "agentkit", "ask", "Calculate 12 * 34", cwd=tmp_path).splitlines()[-1]


def installed(scripts: Path, cwd: Path) -> set[str]:
    """The top-level names that can be imported from the environment's site-packages."""
    listing = (
        "import pkgutil, sysconfig; print(*[m.name for m in pkgutil.iter_modules([sysconfig.get_path('purelib')])])"
    )
    return set(run(scripts / "python", "-c", listing, cwd=cwd).split())
