"""Aligned lists in docstrings as Markdown lists."""

import runpy
from pathlib import Path

with_lists = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "fields.py"))["with_lists"]


def test_an_aligned_list_becomes_a_list() -> None:
    text = """What it is.

name      what it is,
          over two lines
a, b      two of a kind
"stable"  a word
done (1)  with a note

The end."""
    assert (
        with_lists(text)
        == """What it is.

- `name`: what it is,
  over two lines
- `a, b`: two of a kind
- `"stable"`: a word
- `done (1)`: with a note

The end."""
    )


def test_a_list_that_follows_a_line_gets_a_line_between() -> None:
    assert with_lists("It has:\nname   what it is") == "It has:\n\n- `name`: what it is"


def test_prose_and_code_stay_as_they_are() -> None:
    code = '    with Assistant(agent) as assistant:\n        print("x")  # a note'
    text = f"Raises `UserError`.\n\n{code}\n\nRaises:\n    UserError: why."
    assert with_lists(text) == text
