"""Resources and prompts of servers by the official SDK, as processes of their own."""

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from agentkit import Agent, AssistantMessage, UserError, UserMessage
from agentkit.mcp import MCPToolset
from agentkit.testing import ScriptedModel

pytestmark = pytest.mark.anyio

PEER = Path(__file__).parent / "peer.py"
STDIO_PEER = [sys.executable, str(PEER), "stdio"]
NO_SHELF = [sys.executable, "-m", "agentkit.cli", "mcp", "--tools", "agentkit_tools:calculate"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_resources_are_listed_and_read():
    async with MCPToolset(STDIO_PEER) as toolset:
        assert {resource.uri: resource.description for resource in await toolset.list_resources()} == {
            "shelf://books": "What stands there.",
            "shelf://cover": "A picture.",
        }
        (template,) = await toolset.list_resource_templates()
        assert template.uri_template == "shelf://books/{title}"
        assert await toolset.read_resource("shelf://books") == ("Dune, Emma",)
        assert await toolset.read_resource("shelf://cover") == (b"\x89PNG",)
        assert await toolset.read_resource("shelf://books/Emma") == ("Emma, in one volume",)


async def test_a_prompt_begins_a_conversation():
    async with MCPToolset(STDIO_PEER) as toolset:
        (prompt,) = await toolset.list_prompts()
        assert (prompt.name, [argument.name for argument in prompt.arguments]) == ("review", ["title"])
        messages = await toolset.get_prompt("review", {"title": "Emma"})
    first, second, picture, last = messages
    assert (first, last) == (UserMessage("Do you know Emma?"), UserMessage("Then review it."))
    assert isinstance(second, AssistantMessage) and second.text == "I do."
    assert picture.text == '{"type": "image", "mime_type": "image/png", "base64_characters": 4}'
    model = ScriptedModel(["It is a fine book."])
    result = await Agent(model).run(None, message_history=messages)
    assert result.output == "It is a fine book."
    assert model.requests[0].messages == messages


async def test_a_server_over_http(free_port, started):
    started([sys.executable, str(PEER), "http", str(free_port)], free_port)
    async with MCPToolset(f"http://127.0.0.1:{free_port}/mcp") as toolset:
        assert await toolset.read_resource("shelf://books") == ("Dune, Emma",)


async def test_what_the_server_does_not_have():
    async with MCPToolset(STDIO_PEER) as toolset:
        with pytest.raises(UserError, match=r"does not give the resource 'shelf://records': .*shelf://records"):
            await toolset.read_resource("shelf://records")
        with pytest.raises(UserError, match="does not give the prompt 'praise'"):
            await toolset.get_prompt("praise")
        with pytest.raises(UserError, match="does not give the prompt 'review'"):
            await toolset.get_prompt("review", {"author": "Jane"})
        with pytest.raises(UserError, match="'review' takes texts: give 'title' as a str, not 5"):
            await toolset.get_prompt("review", {"title": 5})


async def test_a_server_without_any():
    async with MCPToolset(NO_SHELF) as toolset:
        assert await toolset.list_resources() == await toolset.list_resource_templates() == ()
        assert await toolset.list_prompts() == ()
        with pytest.raises(UserError, match="does not give the resource"):
            await toolset.read_resource("shelf://books")
    with pytest.raises(UserError, match="can't be reached: it is closed"):
        await toolset.list_prompts()


async def test_a_server_that_died_is_started_again():
    async with MCPToolset(STDIO_PEER) as toolset:
        process_id = next(tool for tool in toolset if tool.name == "process_id")
        before = await process_id.function()
        os.kill(before, signal.SIGKILL)
        with anyio.fail_after(60):
            while True:  # the death is noticed, and then made good
                try:
                    assert await toolset.read_resource("shelf://books") == ("Dune, Emma",)
                    break
                except UserError as error:
                    assert "went away" in str(error)
        assert await process_id.function() != before


async def test_a_server_that_takes_too_long():
    slow = [sys.executable, "-c", SLOW]
    async with MCPToolset(slow, timeout=0.2) as toolset:
        with pytest.raises(UserError, match=r"did not give its resources within 0\.2 seconds"):
            await toolset.list_resources()


SLOW = """
import anyio
from mcp.server import MCPServer

server = MCPServer("slow", log_level="CRITICAL")

async def never():
    await anyio.sleep_forever()

server.list_resources = never
server.run("stdio")
"""
