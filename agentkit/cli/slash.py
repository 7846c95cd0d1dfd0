"""What can be told to the chat itself: `/help`, `/tools`, `/clear`, ..."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from agentkit.messages import messages_from_json, messages_to_json

if TYPE_CHECKING:
    from agentkit.cli.chat import Chat

CONVERSATION = "default"


def is_command(line: str) -> bool:
    """Whether the line is for the chat and not for the model: `/word`, and not a path."""
    return re.match(r"/\w+(\s|$)", line) is not None


def obey(chat: Chat, line: str) -> None:
    """Does what the line says; says so when there is no such command."""
    name, _, argument = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        chat.say(f"There is no {name}; /help lists what there is.", "red")
    else:
        command(chat, argument.strip())


def show_help(chat: Chat, _: str) -> None:
    """lists the commands"""
    for name, command in COMMANDS.items():
        chat.say(f"{name:<8} {command.__doc__}")


def show_tools(chat: Chat, _: str) -> None:
    """lists the tools"""
    tools = chat.agent.tools
    for tool in tools.values():
        asks = " (asks first)" if tool.options.may_ask and (chat.agent, (tool.name,)) not in chat.allowed else ""
        chat.say(": ".join([f"{tool.name}{asks}", *tool.definition.description.splitlines()[:1]]))
    if not tools:
        chat.say("There are none.")


def clear(chat: Chat, _: str) -> None:
    """forgets the conversation"""
    chat.assistant.conversations.pop(CONVERSATION, None)
    chat.say("The conversation is forgotten.")


def show_usage(chat: Chat, _: str) -> None:
    """says what was spent since the start"""
    for field in fields(chat.usage):
        value = getattr(chat.usage, field.name)
        chat.say(f"{field.name.replace('_', ' '):<16} {round(value, 1)}")


def save(chat: Chat, argument: str) -> None:
    """FILE keeps the conversation"""
    if not argument:
        chat.say("/save needs the name of a file.", "red")
        return
    file = Path(os.path.expanduser(argument))
    try:
        if file.exists():
            messages_from_json(file.read_bytes())  # nothing but a conversation is written over
        _write(file, messages_to_json(chat.assistant.conversations.get(CONVERSATION, ())))
    except OSError as error:
        chat.say(f"{file} can't be written: {error.strerror or error}", "red")
    except ValueError:
        chat.say(f"{file} is there and holds no conversation; name another file.", "red")
    else:
        chat.say(f"The conversation is in {file}.")


def load(chat: Chat, argument: str) -> None:
    """FILE goes on from a conversation that was saved"""
    if not argument:
        chat.say("/load needs the name of a file.", "red")
        return
    file = Path(os.path.expanduser(argument))
    try:
        messages = messages_from_json(file.read_bytes())
    except OSError as error:
        chat.say(f"{file} can't be read: {error.strerror or error}", "red")
    except ValueError:
        chat.say(f"{file} holds no conversation; /save writes one.", "red")
    else:
        chat.assistant.conversations[CONVERSATION] = messages
        chat.say(f"{len(messages)} messages.")


def leave(chat: Chat, _: str) -> None:
    """ends the chat"""
    chat.over = True


def _write(file: Path, text: str) -> None:
    """Writes the whole file or leaves what was there. A link stays one: what it leads to is written."""
    file = Path(os.path.realpath(file))
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


COMMANDS: dict[str, Callable[[Chat, str], None]] = {
    "/help": show_help,
    "/tools": show_tools,
    "/clear": clear,
    "/new": clear,
    "/usage": show_usage,
    "/save": save,
    "/load": load,
    "/quit": leave,
    "/exit": leave,
}
