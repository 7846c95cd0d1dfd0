"""Agents inside GUI and web apps."""

from agentkit.assistant.answer import Answer
from agentkit.assistant.assistant import Assistant, AssistantState, Loading
from agentkit.assistant.conversations import Conversations

__all__ = ["Answer", "Assistant", "AssistantState", "Conversations", "Loading"]
