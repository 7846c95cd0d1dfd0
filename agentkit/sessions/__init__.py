"""Conversations that outlive their process."""

from agentkit.sessions.base import Session, SessionWriter
from agentkit.sessions.entries import Entry, SessionState
from agentkit.sessions.memory import MemorySession
from agentkit.sessions.sqlite import SqliteSession

__all__ = ["Entry", "MemorySession", "Session", "SessionState", "SessionWriter", "SqliteSession"]
