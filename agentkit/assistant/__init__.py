"""Agents inside GUI and web apps."""

from agentkit.assistant.answer import Answer
from agentkit.assistant.assistant import Assistant
from agentkit.assistant.conversations import Conversations
from agentkit.assistant.loader import AssistantState, Loading

__all__ = ["Answer", "Assistant", "AssistantState", "Conversations", "Loading"]
