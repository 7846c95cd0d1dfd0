"""What MCP tools return, as values, and values as what MCP tools return."""

from __future__ import annotations

import json

import mcp_types as mcp

from agentkit.messages import JSON


def value_of(result: mcp.CallToolResult) -> JSON:
    """A call's result as a value: structured where it is, else its texts. What isn't text is named, not shown."""
    structured = result.structured_content
    if structured is not None:
        wrapped = isinstance(structured, dict) and structured.keys() == {"result"}
        value = structured["result"] if wrapped else structured
        others = [_block(block) for block in result.content if not isinstance(block, mcp.TextContent)]
        return [value, *others] if others else value
    values = [_block(block) for block in result.content]
    if all(isinstance(value, str) for value in values):
        return "\n".join(values)
    return values[0] if len(values) == 1 else values


def text_of(block: mcp.ContentBlock) -> str:
    """A block as text; one that isn't text is named, as JSON."""
    value = _block(block)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def result_of_value(value: JSON) -> mcp.CallToolResult:
    """A value as a call's result: as text, and as it is in a member `result`."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return mcp.CallToolResult(content=[mcp.TextContent(text=text)], structured_content={"result": value})


def error_result(message: str) -> mcp.CallToolResult:
    """A result that tells the caller what was wrong."""
    return mcp.CallToolResult(content=[mcp.TextContent(text=message)], is_error=True)


def _block(block: mcp.ContentBlock) -> JSON:
    match block:
        case mcp.TextContent():
            return block.text
        case mcp.ImageContent() | mcp.AudioContent():
            return {"type": block.type, "mime_type": block.mime_type, "base64_characters": len(block.data)}
        case mcp.ResourceLink():
            return {"type": "resource_link", "uri": str(block.uri), "name": block.name}
        case mcp.EmbeddedResource(resource=mcp.TextResourceContents() as resource):
            return resource.text
        case mcp.EmbeddedResource():
            return {"type": "resource", "uri": str(block.resource.uri), "mime_type": block.resource.mime_type}
