"""The documentation as a site: it builds without a warning, and its reference has every public name."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {
    "agentkit": "agentkit",
    "evaluation": "agentkit.evaluation",
    "mcp": "agentkit.mcp",
    "testing": "agentkit.testing",
    "tools": "agentkit_tools",
    "engine": "agentkit_model",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    pytest.importorskip("mkdocs", reason="pip install 'agentkit-diffusion[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize(("page", "package"), PAGES.items())
def test_every_public_name_is_in_the_reference(site: Path, page: str, package: str) -> None:
    written = (site / "reference" / page / "index.html").read_text(encoding="utf-8")
    anchors = set(re.findall(r'id="([\w.]+)"', written))
    module = import_module(package)
    assert {name for name in module.__all__ if not anchors & paths(module, name)} == set()


def paths(module: ModuleType, name: str) -> set[str]:
    """Where a name may be found: where it is public, and where it is made."""
    made = getattr(module, name)
    made_at = f"{getattr(made, '__module__', '')}.{getattr(made, '__qualname__', '')}"
    return {f"{module.__name__}.{name}", made_at}


def test_public_names_say_what_they_are(site: Path) -> None:
    written = (site / "reference" / "agentkit" / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", written)
    assert "Answers prompts with a model that may call tools." in text
    assert "<li><code>max_runs</code>" in re.sub(r"<p>|</p>|\n", "", written)  # an aligned list has become a list


def test_methods_that_a_class_has_from_another_are_in_the_reference(site: Path) -> None:
    written = (site / "reference" / "mcp" / "index.html").read_text(encoding="utf-8")
    assert 'id="agentkit.mcp.MCPToolset.read_resource"' in written


def test_every_page_is_reached_from_the_start(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {page for page in pages if f'href="{page}/"' not in start} == set()


def test_what_the_comparison_cites_exists() -> None:
    cited = re.findall(r"`(tests/[\w/.]+)`", (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8"))
    assert len(cited) > 20 and all((ROOT / path).exists() for path in cited)
