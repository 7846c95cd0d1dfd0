"""What the package shows, and what its import costs."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agentkit_tools
from agentkit_tools import Files, Notes, Web, calculate, convert_units, current_time, http_get


def test_the_public_names() -> None:
    assert agentkit_tools.__all__ == sorted(agentkit_tools.__all__)
    assert {name for name in agentkit_tools.__all__ if not hasattr(agentkit_tools, name)} == set()


def test_import_brings_in_nothing_heavy() -> None:
    heavy = "{'httpx', 'torch', 'transformers', 'numpy'}"
    code = f"import agentkit_tools, sys; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


NOTES = Notes(":memory:")
FILES = Files(Path(__file__).parent)
TOOLS: dict[str, tuple[Callable[..., Any], str, str, dict[str, str]]] = {
    "calculate": (
        calculate,
        "(expression: str) -> int | float",
        "Calculate an arithmetic expression.",
        {"expression": "The expression, such as 12 * (3 + 4)."},
    ),
    "current_time": (
        current_time,
        "(place: str) -> str",
        "Tell the current time in a city or time zone.",
        {"place": "A city or time zone name."},
    ),
    "convert_units": (
        convert_units,
        "(value: float, from_unit: str, to_unit: str) -> float",
        "Convert a value from one unit to another.",
        {
            "value": "The value to convert.",
            "from_unit": "The unit to convert from.",
            "to_unit": "The unit to convert to.",
        },
    ),
    "add_note": (NOTES.add_note, "(text: str) -> str", "Save a note.", {"text": "The text of the note."}),
    "find_notes": (
        NOTES.find_notes,
        "(query: str) -> list[str]",
        "Find saved notes that contain some words.",
        {"query": "Words to look for."},
    ),
    "list_notes": (NOTES.list_notes, "() -> list[str]", "List all saved notes.", {}),
    "read_file": (FILES.read_file, "(path: str) -> str", "Read a text file.", {"path": "The path of the file."}),
    "list_files": (
        FILES.list_files,
        "(folder: str = '.') -> list[str]",
        "List the files in a folder.",
        {"folder": "The path of the folder."},
    ),
    "find_text": (
        FILES.find_text,
        "(text: str) -> list[str]",
        "Find files that contain a text.",
        {"text": "The text to look for."},
    ),
    "http_get": (
        http_get,
        "(url: str) -> str",
        "Fetch a web page by its address.",
        {"url": "The address of the page."},
    ),
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_model_reads_exactly_this(name: str) -> None:
    """The bundled model is trained on these words: changing one means training again."""
    function, signature, description, parameters = TOOLS[name]
    lines = (inspect.getdoc(function) or "").splitlines()
    assert function.__name__ == name
    assert str(inspect.signature(function)) == signature
    assert lines[0] == description
    assert lines[1:] == (["", "Args:"] if parameters else []) + [
        f"    {key}: {text}" for key, text in parameters.items()
    ]


def test_tools_are_ready_for_an_agent() -> None:
    names = [tool.__name__ for tool in [*Notes(":memory:").tools, *FILES.tools, *Web().tools]]
    assert names == ["add_note", "find_notes", "list_notes", "read_file", "list_files", "find_text", "http_get"]
