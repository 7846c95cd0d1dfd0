"""Our forward pass gives the hidden states and logits of transformers' own modules."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from transformers import DiffusionGemmaConfig, DynamicCache

from agentkit_model.attention import Reading, Seat, Segments
from agentkit_model.cache import Cache, Store
from agentkit_model.compiled import network_of
from agentkit_model.errors import CheckpointError
from agentkit_model.network import Network

PROMPT = [2, 7, 9, 30, 4, 11, 12, 3, 3, 20]  # longer than the window of 6


def ours(network: Network, canvases: torch.Tensor, soft: torch.Tensor, beside: Sequence[int] = ()) -> torch.Tensor:
    """The logits (B, L, V) of canvases behind the prompt, in a pass in which other tokens are read, too."""
    (count, length), start, none = canvases.shape, len(PROMPT), torch.empty(0, dtype=torch.long)
    cache, other = (Cache(Store(network.layer_shapes, 0, network.device, network.dtype)) for _ in range(2))
    reading = Segments([Reading(cache.claim(start), 0, start)])
    network.run(none, soft[:0, 0], torch.tensor(PROMPT), network.rope(0, start), reading)
    cache.settle(start)
    segments: list[Any] = [Seat(cache.room(length), start, length)] * count
    ropes = [network.rope(start, length)] * count
    if beside:
        segments.append(Reading(other.claim(len(beside)), 0, len(beside)))
        ropes.append(network.rope(0, len(beside)))
    rope = {kind: (torch.cat([r[kind][0] for r in ropes]), torch.cat([r[kind][1] for r in ropes])) for kind in ropes[0]}
    read = torch.tensor(beside, dtype=torch.long)
    hidden = network.run(canvases.flatten(), soft.flatten(0, 1), read, rope, Segments(segments))
    if beside == PROMPT:  # what is read beside canvases is what is read alone
        for one, two in zip(cache.store.keys + cache.store.values, other.store.keys + other.store.values, strict=True):
            torch.testing.assert_close(
                one[:, :start], two[:, :start], atol=tolerance_of(network), rtol=tolerance_of(network)
            )
    return network.logits(hidden).view(count, length, -1)


def tolerance_of(network: Network) -> float:
    return 0.15 if network.dtype == torch.bfloat16 else 1e-4


def theirs(model: Any, canvases: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """The same by the class's own forward, self-conditioned on logits `before` (B, L, V)."""
    prompt = torch.tensor([PROMPT] * len(canvases))
    cache = DynamicCache(config=model.config.text_config)
    out = model(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        past_key_values=cache,
        decoder_input_ids=canvases,
        self_conditioning_logits=before,
    )
    logits: torch.Tensor = out.logits
    return logits


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.15)], ids=str)
def test_logits_are_those_of_the_class(
    any_config: DiffusionGemmaConfig, twin: Any, dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(0)
    model = twin(copy.deepcopy(any_config)).to(dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or "scale" in name:  # random weights leave them at 1, where mistakes would not show
                parameter.mul_(1 + 0.2 * torch.randn(parameter.shape))
        for layer in (*model.model.decoder.layers, *model.model.encoder.language_model.layers):
            layer.layer_scalar.fill_(0.5 + torch.rand(1).item())
    length, vocab = any_config.canvas_length, any_config.text_config.vocab_size
    canvases = torch.randint(vocab, (2, length))
    before = torch.randn(2, length, vocab).to(dtype)
    with torch.inference_mode():
        expected = theirs(model, canvases, before)
        network = network_of(model)
        probs = before.softmax(dim=-1, dtype=torch.float32).to(dtype)
        soft = network.weigh(probs) * network.scale
        for beside in ([], PROMPT, [5, 6]):
            wrong = (ours(network, canvases, soft, beside) - expected.float()).abs() > tolerance
            # in bfloat16 a token at the border between two experts may be routed to the other one
            assert wrong.float().mean() <= (0.05 if dtype == torch.bfloat16 else 0)


def test_a_checkpoint_whose_encoder_has_weights_of_its_own_is_refused(tiny_config: Any, twin: Any) -> None:
    model = twin(tiny_config())
    attention = model.model.encoder.language_model.layers[0].self_attn
    attention.q_proj.weight = torch.nn.Parameter(attention.q_proj.weight + 1)
    with pytest.raises(CheckpointError, match="share"):
        Network(model)
