"""Both outlooks on the vocabulary answer as the plain arithmetic does, whatever is held or lifted."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from agentkit_model import CanvasPlan, Choice, Engine, Hold, TokenAutomaton, vocabulary
from agentkit_model.noise import Noise
from agentkit_model.sight import Asked
from agentkit_model.vocabulary import Chunked, Decided, Outlook, Whole
from tests.model import naive

LENGTH, WIDTH = 6, 16


class Table:
    """The part of a network that an outlook looks at: a head and an embedding, here two different tables."""

    def __init__(self, size: int, spread: float) -> None:
        generator = torch.Generator().manual_seed(size)
        self.head = torch.randn(size, WIDTH, generator=generator) * spread
        self.table = torch.randn(size, WIDTH, generator=generator)
        self.scale = torch.tensor(4.0)
        self.dtype, self.device = torch.float32, torch.device("cpu")

    def cap(self, logits: Tensor) -> Tensor:
        return torch.tanh(logits / 30) * 30

    def logits(self, hidden: Tensor, start: int = 0, end: int | None = None) -> Tensor:
        return self.cap(hidden @ self.head[start:end].T)

    def weigh(self, weights: Tensor, start: int = 0) -> Tensor:
        return weights @ self.table[start : start + weights.shape[-1]]


def outlooks(network: Any, hidden: Tensor, heats: Tensor, decided: Decided | None = None) -> list[Outlook]:
    return [
        Whole(network, network.logits(hidden), heats, decided),
        Chunked(network, hidden, heats, decided, chunk=64),
        Chunked(network, hidden, heats, decided, chunk=192),
    ]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    size=st.sampled_from([30, 64, 200, 640]),
    spread=st.sampled_from([0.1, 2.0, 6.0]),
    heats=st.lists(st.sampled_from([0.0, 0.05, 0.4, 0.8, 1.0]), min_size=1, max_size=3),
    held=st.sets(st.integers(0, LENGTH - 1)),
    start=st.integers(0, LENGTH),
    bonus=st.sampled_from([0.0, 1.0, 8.0, 30.0]),
)
def test_answers_are_those_of_plain_arithmetic(
    seed: int, size: int, spread: float, heats: list[float], held: set[int], start: int, bonus: float
) -> None:
    network = Table(size, spread)
    rng = torch.Generator().manual_seed(seed)
    hidden = torch.randn(len(heats), LENGTH, WIDTH, generator=rng)
    uniforms = Noise(seed).uniforms(len(heats) * LENGTH).view(len(heats), LENGTH)
    path = torch.randint(size, (LENGTH,), generator=rng)  # the first canvas is held to it
    positions = torch.tensor(sorted(held), dtype=torch.long)
    clamps = torch.randint(size, (len(held),), generator=rng)
    last = len(heats) - 1  # the last canvas has clamps
    mask, tokens = torch.zeros(len(heats), LENGTH, dtype=torch.bool), torch.zeros(len(heats), LENGTH, dtype=torch.long)
    mask[last, positions], tokens[last, positions] = True, clamps
    lifts = torch.zeros_like(mask)
    lifts[0, start:] = last > 0
    for outlook in outlooks(network, hidden, torch.tensor(heats), Decided(mask, tokens) if held else None):
        outlook.lift(path.expand_as(tokens), lifts, torch.full((len(heats), 1), bonus))
        drawn, soft = outlook.draw(uniforms), outlook.soften(range(len(heats)))
        own = outlook.probabilities(range(len(heats)), path.expand_as(tokens))
        torch.testing.assert_close(outlook.soften([last]), soft[last:])
        for row, heat in enumerate(heats):
            logits = network.logits(hidden[row])
            expected_own = logits.softmax(dim=-1).gather(1, path[:, None]).squeeze(1).masked_fill(mask[row], 1.0)
            if row == last:
                logits = naive.clamp(logits, positions, clamps)
            assert torch.equal(outlook.best[row], logits.argmax(dim=-1))
            close = dict(atol=2e-4, rtol=1e-4)
            torch.testing.assert_close(outlook.entropies[row], naive.entropy(naive.temper(logits, heat)), **close)
            torch.testing.assert_close(own[row], expected_own, **close)
            lifted = naive.lift(logits, path, start, bonus) if row == 0 and last > 0 else logits
            tempered = naive.temper(lifted, heat)
            torch.testing.assert_close(outlook.doubts[row], naive.entropy(tempered), **close)
            expected = naive.draw(tempered.softmax(dim=-1), uniforms[row])
            # rounding may move a draw that falls on the border between two tokens to the other one
            assert (drawn[row] != expected).sum() <= (uniforms[row] * 1e5 % 1 < 0.02).sum()
            embedded = (tempered.softmax(dim=-1) @ network.table) * network.scale
            torch.testing.assert_close(soft[row], embedded, atol=2e-3, rtol=1e-3)


def test_tokens_are_drawn_from_every_part_of_the_vocabulary() -> None:
    """As often as they are probable, also across the borders of blocks and chunks."""
    network = Table(200, 0.5)
    hidden = torch.randn(1, 1, WIDTH, generator=torch.Generator().manual_seed(3)).expand(1, 4000, WIDTH).contiguous()
    probs = network.logits(hidden[0, :1]).softmax(dim=-1)[0]
    uniforms = Noise(0).uniforms(4000)[None]
    for outlook in outlooks(network, hidden, torch.ones(1)):
        counts = outlook.draw(uniforms)[0].bincount(minlength=200) / 4000
        assert (counts - probs).abs().sum() < 0.2
        assert outlook.draw(torch.zeros(1, 4000)).eq(0).all()
        assert outlook.draw(torch.full((1, 4000), 1 - 2**-24)).lt(200).all()


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    sets=st.lists(st.sets(st.integers(2, 199), min_size=1, max_size=60).map(sorted), min_size=2, max_size=5),
    asking=st.sets(st.integers(0, 2), min_size=1),
    clamped=st.dictionaries(st.integers(0, LENGTH - 1), st.integers(0, 199), max_size=2),
)
def test_automata_see_the_same_of_both(
    seed: int, sets: list[list[int]], asking: set[int], clamped: dict[int, int]
) -> None:
    network: Any = Table(200, 2.0)
    hidden = torch.randn(3, LENGTH, WIDTH, generator=torch.Generator().manual_seed(seed))
    heats = torch.tensor([0.4, 0.8, 0.0])
    asked = {row: Asked(writing(sets[: row + 2]).tables, clamped if row == 0 else {}) for row in sorted(asking)}
    whole = Whole(network, network.logits(hidden), heats, None, asked).sights()
    for chunk in (64, 192):
        chunked = Chunked(network, hidden, heats, None, asked, chunk=chunk).sights()
        assert whole.keys() == chunked.keys() == asked.keys()
        for row, one in whole.items():
            other = chunked[row]
            assert np.allclose(one.columns, other.columns, atol=1e-4)
            assert np.allclose(one.shares(0, LENGTH), other.shares(0, LENGTH), atol=1e-4)
            for position in range(LENGTH):
                assert one.over(position) == other.over(position)
                for label in range(len(one.tables.speaking)):
                    if position not in asked[row].clamped:  # there, tokens of no probability are all alike
                        assert one.likeliest(position, position + 1, label) == other.likeliest(
                            position, position + 1, label
                        )


def writing(sets: list[list[int]]) -> TokenAutomaton:
    """Text of the tokens of the first set, or any number of those of the others, then a stop."""
    count = len(sets)
    return TokenAutomaton(
        size=3,
        source=[1] * count,
        target=[1] * (count - 1) + [2],
        label=list(range(1, count + 1)),
        cost=[0.0] * count,
        sets=[*sets, [1]],
        start=0,
        final=2,
        pad=0,
        stops=frozenset((1,)),
        choices={0: [Choice(0, 0), Choice(1, 1, enters=True, binds=True)]},
    )


@pytest.mark.parametrize("heat", [1e-38, 1e-9, 1e-6])
def test_the_coldest_temperatures_are_as_good_as_none(heat: float) -> None:
    network = Table(200, 6.0)
    hidden = torch.randn(1, LENGTH, WIDTH, generator=torch.Generator().manual_seed(5))
    for outlook in outlooks(network, hidden, torch.tensor([heat])):
        assert outlook.entropies.eq(0).all()
        assert torch.equal(outlook.draw(Noise(0).uniforms(LENGTH)[None]), outlook.best)
        assert outlook.soften([0]).isfinite().all()


def test_an_engine_that_goes_through_the_vocabulary_in_chunks_fills_the_same_canvases(
    tiny_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(vocab_size=150)
    hold = Hold(automaton=writing([list(range(2, 90)), list(range(60, 150)), list(range(100, 120))]), bonus=8.0)
    plans = [
        CanvasPlan(
            seed=seed,
            max_denoising_steps=6,
            clamped={2: 107} if seed % 2 else {},
            hold=hold if seed % 3 else None,
        )
        for seed in range(9)
    ]

    def fill() -> list[tuple[int, ...]]:
        with Engine.from_config(config, device="cpu") as engine, engine.sync.open(range(9)) as context:
            canvases = [context.fill(plan) for plan in plans]
            for canvas in canvases:
                canvas.canvas.start()
            return [canvas.result().tokens for canvas in canvases]

    expected = fill()
    monkeypatch.setattr("agentkit_model.runner.WHOLE", 0)
    monkeypatch.setattr(vocabulary, "CHUNK", 64)
    assert fill() == expected
