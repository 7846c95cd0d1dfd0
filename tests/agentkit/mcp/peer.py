"""A server by the official SDK, as a process of its own: `peer.py stdio` or `peer.py http PORT`."""

import os
import sys
import time
from typing import Annotated

from mcp.server import MCPServer
from mcp.server.mcpserver.prompts.base import AssistantMessage, Message, UserMessage
from mcp_types import ImageContent, TextContent
from pydantic import BaseModel, Field

server = MCPServer("peer", log_level="CRITICAL")


class Place(BaseModel):
    city: str
    degrees: int


@server.tool()
def add(a: Annotated[int, Field(ge=0)], b: int = 1) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def process_id() -> int:
    """Which process this is."""
    return os.getpid()


@server.tool()
def weather(city: str) -> Place:
    """The weather in a city."""
    return Place(city=city, degrees=20)


@server.tool()
def fail(reason: str) -> str:
    """Fails."""
    raise ValueError(reason)


@server.tool()
def die() -> str:
    """Takes the whole process down."""
    os._exit(3)


@server.tool()
def wait(seconds: float) -> str:
    """Takes its time."""
    time.sleep(seconds)
    return "waited"


@server.tool(structured_output=False)
def picture() -> list[TextContent | ImageContent]:
    """A picture."""
    return [TextContent(text="here it is"), ImageContent(data="AAAA", mime_type="image/png")]


@server.tool(structured_output=False)
def greet() -> str:
    """Text and nothing else."""
    return "hello"


@server.resource("shelf://books")
def books() -> str:
    """What stands there."""
    return "Dune, Emma"


@server.resource("shelf://cover", mime_type="image/png")
def cover() -> bytes:
    """A picture."""
    return b"\x89PNG"


@server.resource("shelf://books/{title}")
def book(title: str) -> str:
    """One of them."""
    return f"{title}, in one volume"


@server.prompt()
def review(title: str) -> list[Message]:
    """Asks for a review."""
    return [
        UserMessage(f"Do you know {title}?"),
        AssistantMessage("I do."),
        UserMessage(ImageContent(data="AAAA", mime_type="image/png")),
        UserMessage("Then review it."),
    ]


if sys.argv[1] == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
