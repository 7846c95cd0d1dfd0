"""The Model Context Protocol, by its official SDK: servers' tools as tools of an agent, and tools as a server.

Needs the extra `mcp`.
"""

try:
    import mcp as _sdk  # noqa: F401
except ModuleNotFoundError as error:
    from agentkit.errors import UserError

    raise UserError(f"agentkit.mcp needs {error.name}: pip install 'agentkit-diffusion[mcp]'.") from error

from agentkit.mcp.server import mcp_server, serve_http, serve_stdio
from agentkit.mcp.toolset import MCPToolset

__all__ = ["MCPToolset", "mcp_server", "serve_http", "serve_stdio"]
