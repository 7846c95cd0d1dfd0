"""The loop on generate() does what an agent does, and its cache changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from chats import Group, Prefix, Replay, Turn
from sides import Slower
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit import Tool, ToolMessage, UserMessage, bundled
from agentkit.dialects import Gemma4, Tokenizer
from agentkit_model import checkpoint

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture(scope="module")
def network() -> DiffusionGemmaForBlockDiffusion:
    return checkpoint.load(bundled.folder(), device="cpu", dtype=torch.float32)


@pytest.fixture(scope="module")
def dialect() -> Gemma4:
    return Gemma4(Tokenizer.from_pretrained(bundled.folder()))


def session(dialect: Gemma4, number: int, prompts: int) -> list[tuple[str, list[Turn]]]:
    """Prompts that are each answered by a call and then by words, in two and three denoising steps."""
    call = dialect.render_call("add", {"a": number, "b": 2}, stop=True)
    answer = dialect.render_answer(f"It is {number + 2}.")
    turns = [Turn(tuple(call), (2,)), Turn(tuple(answer), (3,))]
    return [(f"Add {number} and 2, {prompt} of {prompts}", turns) for prompt in range(prompts)]


def replay(dialect: Gemma4, number: int, prompts: int = 2) -> Replay:
    tool = Tool(add)
    return Replay(dialect, {"add": (tool.definition, add)}, session(dialect, number, prompts))


class Watched(Group):
    """Notes what generate() is given to read and what it is told of the cache."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.read: list[tuple[int, int]] = []  # rows, new tokens a row

    def _generate(self, ids: torch.Tensor) -> tuple[torch.Tensor, Any]:
        self.read.append((len(ids), ids.shape[1]))
        return super()._generate(ids)


def test_a_session_is_replayed_with_real_tools(network: DiffusionGemmaForBlockDiffusion, dialect: Gemma4) -> None:
    chat = replay(dialect, 5)
    group = Group(network, [chat], reuse=True, prefix=None)
    group.run()
    results = [message.results[0] for message in chat.messages if isinstance(message, ToolMessage)]
    assert [result.content for result in results] == [7, 7]
    assert [type(message) for message in chat.messages].count(UserMessage) == 2
    assert (group.steps, group.canvases, chat.calls) == (10, 4, 2)


@pytest.mark.parametrize("numbers", [[5], [5, 123456, 7]])
def test_the_cache_spares_reading_and_changes_no_prompt(
    network: DiffusionGemmaForBlockDiffusion, dialect: Gemma4, numbers: Sequence[int]
) -> None:
    read = {}
    for reuse in (True, False):
        group = Watched(network, [replay(dialect, number) for number in numbers], reuse=reuse, prefix=None)
        chats = [chat for chat in group.live if isinstance(chat, Replay)]
        group.run()
        read[reuse] = sum(count for _, count in group.read), [chat.prompt() for chat in chats]
    assert read[True][0] < read[False][0] / 2
    assert read[True][1] == read[False][1]


def test_a_cached_prompt_gives_the_logits_of_a_fresh_one(
    network: DiffusionGemmaForBlockDiffusion, dialect: Gemma4
) -> None:
    chats = [replay(dialect, number) for number in (5, 6)]
    prefix = Prefix(network, [chat.prompt() for chat in chats])
    prompt = chats[0].prompt()
    assert prompt[: len(prefix.tokens)] == prefix.tokens
    canvas = torch.arange(16, 64)[None]
    with torch.inference_mode():
        rest = torch.tensor([prompt[len(prefix.tokens) :]])
        cached = network(input_ids=rest, past_key_values=prefix.copied(1), decoder_input_ids=canvas).logits
        fresh = network(input_ids=torch.tensor([prompt]), decoder_input_ids=canvas).logits
    torch.testing.assert_close(cached, fresh, atol=1e-4, rtol=1e-4)
    assert prefix.cache.get_seq_length() == len(prefix.tokens)  # the copy grew, the original did not


def test_what_a_prompt_no_longer_begins_with_is_cut_off_the_cache(
    network: DiffusionGemmaForBlockDiffusion, dialect: Gemma4
) -> None:
    """A new request changes how the turn before it is rendered."""
    group = Group(network, [replay(dialect, number) for number in (5, 6)], reuse=True, prefix=None)
    group._turn()
    group._turn()  # the answer to the first request; the second one is asked
    prompts = [chat.prompt() for chat in group.live]
    before = [len(held) for held in group.held]
    group._agree(prompts)
    lengths = {len(held) for held in group.held}
    assert all(prompt[: len(held)] == held for prompt, held in zip(prompts, group.held, strict=True))
    assert lengths == {group.mask.shape[1]} and 0 < max(lengths) < min(before)
    canvas = torch.arange(16, 64).repeat(2, 1)
    with torch.inference_mode():
        rest = torch.tensor([prompt[max(lengths) :] for prompt in prompts])
        cached = network(input_ids=rest, past_key_values=group.cache, decoder_input_ids=canvas).logits
        fresh = network(input_ids=torch.tensor(prompts), decoder_input_ids=canvas).logits
    torch.testing.assert_close(cached, fresh, atol=1e-4, rtol=1e-4)


def test_who_is_over_leaves_the_batch(network: DiffusionGemmaForBlockDiffusion, dialect: Gemma4) -> None:
    chats = [replay(dialect, 5, prompts=1), replay(dialect, 6, prompts=2)]
    group = Watched(network, chats, reuse=True, prefix=Prefix(network, [chat.prompt() for chat in chats]))
    group.run()
    assert [rows for rows, _ in group.read] == [2, 2, 1, 1]
    with pytest.raises(Slower):
        Group(network, [replay(dialect, 5)], reuse=True, prefix=None).run(deadline=0.0)
