"""What an MCP server has besides tools: resources to read, and prompts to begin a conversation with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import anyio
import mcp_types as mcp
from mcp import Client, MCPError

from agentkit.errors import UserError
from agentkit.mcp.content import text_of
from agentkit.mcp.link import Link, LinkLost, result_of
from agentkit.messages import AssistantMessage, Message, TextPart, UserMessage

ValueT = TypeVar("ValueT")


class Shelf:
    """Reads resources and prompts over a link; each method takes `timeout` seconds at most.

    They raise `UserError` when the server can't be reached, or doesn't have what it is asked for.
    """

    _link: Link
    timeout: float

    async def list_resources(self) -> tuple[mcp.Resource, ...]:
        """What can be read, by its `uri`."""
        return tuple(await self._listed("list_resources", "resources"))

    async def list_resource_templates(self) -> tuple[mcp.ResourceTemplate, ...]:
        """Patterns of URIs (`uri_template`, RFC 6570) that can be read."""
        return tuple(await self._listed("list_resource_templates", "resource_templates"))

    async def read_resource(self, uri: str) -> tuple[str | bytes, ...]:
        """The contents of a resource: mostly one; texts as str, anything else as bytes."""
        result = await self._asked(lambda client: client.read_resource(uri), f"the resource {uri!r}")
        return tuple(_contents(part) for part in result.contents)

    async def list_prompts(self) -> tuple[mcp.Prompt, ...]:
        """The prompts, with their `arguments`."""
        return tuple(await self._listed("list_prompts", "prompts"))

    async def get_prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> tuple[Message, ...]:
        """The messages of a prompt, for `agent.run(None, message_history=...)`. What isn't text is named in them."""
        for argument, value in (arguments or {}).items():
            if not isinstance(value, str):
                raise UserError(f"The prompt {name!r} takes texts: give {argument!r} as a str, not {value!r}.")
        result = await self._asked(
            lambda client: client.get_prompt(name, dict(arguments or {})), f"the prompt {name!r}"
        )
        return tuple(_message(message) for message in result.messages)

    async def _listed(self, method: str, what: str) -> list[Any]:
        async def pages(client: Client) -> list[Any]:
            try:
                return await all_pages(client, method, what)
            except MCPError as error:
                if error.code == mcp.METHOD_NOT_FOUND:
                    return []  # a server that has none of it
                raise

        return await self._asked(pages, f"its {what.replace('_', ' ')}")

    async def _asked(self, request: Callable[[Client], Coroutine[Any, Any, ValueT]], what: str) -> ValueT:
        try:
            with anyio.fail_after(self.timeout):
                return await result_of(self._link.do(request))
        except TimeoutError:
            raise UserError(f"{self!r} did not give {what} within {self.timeout:g} seconds.") from None
        except LinkLost as error:
            raise UserError(f"{self!r} can't be reached: {error}.") from error
        except MCPError as error:
            raise UserError(f"{self!r} does not give {what}: {error.message}") from error


async def all_pages(client: Client, method: str, what: str) -> list[Any]:
    """All that a server lists, page by page. Raises `MCPError` when it gives a page for the second time."""
    page = await getattr(client, method)()
    found = list(getattr(page, what))
    cursors: set[str] = set()
    while page.next_cursor:
        if page.next_cursor in cursors:
            raise MCPError(mcp.INTERNAL_ERROR, f"its list of {what} goes round in circles")
        cursors.add(page.next_cursor)
        page = await getattr(client, method)(cursor=page.next_cursor)
        found += getattr(page, what)
    return found


def _contents(part: mcp.TextResourceContents | mcp.BlobResourceContents) -> str | bytes:
    return part.text if isinstance(part, mcp.TextResourceContents) else base64.b64decode(part.blob)


def _message(message: mcp.PromptMessage) -> Message:
    text = text_of(message.content)
    return UserMessage(text) if message.role == "user" else AssistantMessage((TextPart(text),))
