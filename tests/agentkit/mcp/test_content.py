"""What tools of MCP servers return, as values."""

import subprocess
import sys

import mcp_types as mcp
import pytest

from agentkit.mcp.content import error_result, result_of_value, value_of

TEXT = mcp.TextContent(text="here")
SOUND = mcp.AudioContent(data="AAAA", mime_type="audio/wav")
LINK = mcp.ResourceLink(name="notes", uri="file:///notes.txt")
FILE = mcp.EmbeddedResource(resource=mcp.TextResourceContents(uri="file:///notes.txt", text="milk"))
BLOB = mcp.EmbeddedResource(resource=mcp.BlobResourceContents(uri="file:///a.bin", blob="AAAA", mime_type="x/y"))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ([], ""),
        ([TEXT], "here"),
        ([TEXT, FILE], "here\nmilk"),
        ([SOUND], {"type": "audio", "mime_type": "audio/wav", "base64_characters": 4}),
        ([LINK], {"type": "resource_link", "uri": "file:///notes.txt", "name": "notes"}),
        ([TEXT, BLOB], ["here", {"type": "resource", "uri": "file:///a.bin", "mime_type": "x/y"}]),
    ],
)
def test_contents_as_a_value(content, value):
    assert value_of(mcp.CallToolResult(content=content)) == value


@pytest.mark.parametrize(
    ("structured", "value"),
    [({"result": 3}, 3), ({"result": 3, "more": 4}, {"result": 3, "more": 4}), ([1], [1]), ({"a": None}, {"a": None})],
)
def test_structured_content_goes_before_texts(structured, value):
    assert value_of(mcp.CallToolResult(content=[TEXT], structured_content=structured)) == value


def test_what_is_no_text_is_named_beside_structured_content():
    result = mcp.CallToolResult(content=[TEXT, SOUND], structured_content={"result": 3})
    assert value_of(result) == [3, {"type": "audio", "mime_type": "audio/wav", "base64_characters": 4}]


@pytest.mark.parametrize("value", [None, True, 3, "text", [1, "a"], {"a": {"b": None}}])
def test_a_value_survives_the_way_there_and_back(value):
    result = result_of_value(value)
    assert value_of(result) == value and not result.is_error
    assert error_result("no").is_error and value_of(error_result("no")) == "no"


def test_without_the_extra_it_says_what_to_install():
    program = "import sys; sys.modules['mcp'] = None\ntry: import agentkit.mcp\nexcept Exception as error: print(error)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240)
    assert done.stdout == "agentkit.mcp needs mcp: pip install 'agentkit-diffusion[mcp]'.\n", done
