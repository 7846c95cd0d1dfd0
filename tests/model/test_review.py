"""A canvas that is done is read once more: by the encoder's own logits, and only for the better."""

import itertools
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from typing import Any

import anyio
import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit_model import CanvasPlan, CanvasResult, Choice, Engine, Hold, PlanError, TokenAutomaton
from agentkit_model.automaton import NEW_VALUES, NO_VALUE
from agentkit_model.review import Expected, doubtful, expected
from agentkit_model.sight import Asked, Plain, Sight
from tests.model.claiming import claiming
from tests.model.conftest import CONFIGS

PAD, STOP, OPEN, CLOSE = 0, 1, 3, 4
LOW, HIGH = tuple(range(6, 20)), tuple(range(20, 34))
PROMPT = [2, 7, 9, 30, 4, 11, 12, 3, 3, 20]

# A value of either kind of token between OPEN and CLOSE, then the stop; those of the second kind cost a nat each.
CALL = TokenAutomaton(
    size=5,
    source=[0, 1, 1, 2, 2, 2, 3],
    target=[1, 2, 2, 2, 2, 3, 4],
    label=[0, 1, 2, 1, 2, 3, 4],
    cost=[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
    sets=[(OPEN,), LOW, HIGH, (CLOSE,), (STOP,)],
    start=0,
    final=4,
    pad=PAD,
    stops=frozenset((STOP,)),
)
KINDS = {name: CONFIGS[name] for name in ("sliding", "full", "experts", "compiled")}


@pytest.fixture(params=KINDS, scope="module")
def pair(
    request: pytest.FixtureRequest, tiny_config: Any, twin: Any
) -> Iterator[tuple[Engine, DiffusionGemmaForBlockDiffusion]]:
    """An engine, and transformers' own modules with the same weights."""
    config = tiny_config(**KINDS[request.param])
    with Engine.from_config(config, seed=3, device="cpu") as engine:
        yield engine, twin(config, 3)


def fill(engine: Engine, **plan: Any) -> CanvasResult:
    with engine.sync.open(PROMPT) as context, context.fill(CanvasPlan(hold=Hold(automaton=CALL), **plan)) as canvas:
        return canvas.result()


def written(tokens: list[int], states: list[int], probabilities: Sequence[float] = ()) -> CanvasResult:
    """A canvas of eight positions that was stable behind one step."""
    rest = 8 - len(tokens)
    return CanvasResult.of(
        [*tokens, *[PAD] * rest],
        [0.0] * 8,
        stop_tokens={STOP},
        steps=1,
        reason="stable",
        seed=0,
        position=0,
        probabilities=probabilities,
        states=[*states, *states[-1:] * rest],
    )


def encoder_says(model: DiffusionGemmaForBlockDiffusion, tokens: list[int]) -> Tensor:
    """The log-probabilities (N, V) of the tokens behind the prompt, by transformers' encoder and head."""
    whole = torch.tensor([[*PROMPT, *tokens]])
    with torch.no_grad():
        hidden = model.model.encoder(input_ids=whole, attention_mask=torch.ones_like(whole)).last_hidden_state
        logits = model.lm_head(hidden)[0, len(PROMPT) - 1 : -1].float()
    cap = model.config.text_config.final_logit_softcapping
    return (torch.tanh(logits / cap) * cap).log_softmax(-1)


def worth_of(says: Tensor, tokens: list[int]) -> float:
    """What a canvas is worth: how likely it is, less a nat for each token of the second kind."""
    return float(says[range(1, len(tokens)), tokens[1:]].sum()) - sum(token in HIGH for token in tokens)


def objected_to(says: Tensor, tokens: list[int], tolerance: float) -> tuple[int, int] | None:
    """By trying every token: the first position behind the first one where another one is worth more."""
    for position in range(1, min(len(tokens), 7)):
        worth = {token: float(says[position, token]) for token in LOW} if tokens[position - 1] != CLOSE else {}
        worth |= {token: float(says[position, token]) - 1 for token in HIGH} if worth else {STOP: 0.0}
        if position > 1 and STOP not in worth:
            worth[CLOSE] = float(says[position, CLOSE])
        best = max(worth, key=worth.__getitem__)
        if best != tokens[position] and worth[best] > worth[tokens[position]] + tolerance:
            return position, best
    return None


def test_a_canvas_is_denoised_anew_where_the_encoder_expects_something_else(
    pair: tuple[Engine, DiffusionGemmaForBlockDiffusion],
) -> None:
    engine, model = pair
    kept = better = untouched = 0
    for seed in range(12):
        draft = fill(engine, seed=seed, max_denoising_steps=24)
        result = fill(engine, seed=seed, max_denoising_steps=24, review=0.25)
        tokens, new = list(draft.tokens[: draft.length]), list(result.tokens[: result.length])
        assert CALL.follow(result.tokens) and result.steps <= 24
        says = encoder_says(model, tokens)
        found = objected_to(says, tokens, 0.25)
        if draft.reason == "max_steps" or found is None:
            untouched += 1
            assert result == draft
            continue
        position, token = found
        if result.renoised is None:
            kept += 1
            assert (result.tokens, result.entropies) == (draft.tokens, draft.entropies)
            assert result.steps > draft.steps
        else:
            better += 1
            assert new[: position + 1] == [*tokens[:position], token] and result.renoised[0] >= position
            assert worth_of(encoder_says(model, new), new) > worth_of(says, tokens)
            assert 0 < result.renoised[1] < result.steps
            assert result.entropies[:position] == draft.entropies[:position]  # of what stands, what was known is
            assert result.probabilities[:position] == draft.probabilities[:position]
            last, _ = result.renoised
            assert last > position or result.probabilities[position] == pytest.approx(
                float(says[position, token].exp()), rel=1e-3
            )
            assert last in result.departures and max(result.probabilities[: result.length]) <= 1
    assert better + kept > 0


def test_of_all_drafts_the_one_that_is_worth_most_stays(
    pair: tuple[Engine, DiffusionGemmaForBlockDiffusion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the way to it leads through a worse one."""
    engine, model = pair
    drafts: list[CanvasResult] = []

    def reading(hold: Hold, sight: Sight, draft: CanvasResult, clamped: Container[int]) -> Expected:
        drafts.append(draft)
        return expected(hold, sight, draft, clamped)

    monkeypatch.setattr("agentkit_model.runner.expected", reading)
    detours = 0
    for seed in range(40):
        drafts.clear()
        result = fill(engine, seed=seed, max_denoising_steps=48, review=0.0)
        worth = []
        for draft in drafts:
            tokens = list(draft.tokens[: draft.length])
            worth.append(worth_of(encoder_says(model, tokens), tokens))
        if not drafts:
            continue
        best = worth.index(max(worth))
        assert result == replace(drafts[best], steps=result.steps)
        detours += any(after < before for before, after in itertools.pairwise(worth[: best + 1]))
        if best:
            first, steps = result.renoised or (0, 0)
            assert 0 < first < result.length and 0 < steps < result.steps
            assert result.tokens[:first] == drafts[0].tokens[:first]
            assert result.tokens[first] != drafts[0].tokens[first]
    assert detours


def test_it_comes_out_the_same_in_any_company(pair: tuple[Engine, DiffusionGemmaForBlockDiffusion]) -> None:
    engine, _ = pair
    alone = [fill(engine, seed=seed, review=0.0) for seed in range(6)]
    together: dict[int, CanvasResult] = {}

    async def main() -> None:
        async with await engine.open(PROMPT) as context, anyio.create_task_group() as group:

            async def one(seed: int) -> None:
                async with context.fork() as fork:
                    async with fork.fill(CanvasPlan(hold=Hold(automaton=CALL), seed=seed, review=0.0)) as canvas:
                        together[seed] = await canvas.result()

            for seed in range(6):
                group.start_soon(one, seed)

    anyio.run(main)
    assert [together[seed] for seed in range(6)] == alone


def test_what_is_clamped_stays(pair: tuple[Engine, DiffusionGemmaForBlockDiffusion]) -> None:
    engine, _ = pair
    for seed in range(6):
        result = fill(engine, seed=seed, review=0.0, clamped={2: 8, 3: 25})
        assert result.tokens[2:4] == (8, 25)


def test_text_is_the_models_own_affair() -> None:
    automaton = TokenAutomaton(
        size=2,
        source=[],
        target=[],
        label=[],
        cost=[],
        sets=[LOW, (STOP,)],
        start=0,
        final=1,
        pad=PAD,
        stops=frozenset((STOP,)),
        choices={0: [Choice(0, 0), Choice(1, 1)]},
    )
    logits = torch.zeros(8, 40)
    logits[:, 9] = 50.0
    result = written([6, 7, STOP], [0, 0, 1])
    awaited = expected(Hold(automaton=automaton), Plain(Asked(automaton.tables), logits), result)
    assert awaited.tokens.tolist() == [6, 7, STOP]


def test_what_is_expected_leaves_room_for_the_end() -> None:
    """A turn of four tokens: with the third the value has to be closed, whatever the encoder expects."""
    logits = torch.zeros(8, 40)
    logits[:, 9] = 50.0
    result = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4])
    sight = Plain(Asked(CALL.tables), logits)
    assert expected(Hold(automaton=CALL), sight, result).tokens.tolist() == [OPEN, 9, 9, STOP]
    assert expected(Hold(automaton=CALL, limit=4), sight, result).tokens.tolist() == [OPEN, 9, CLOSE, STOP]
    assert expected(Hold(automaton=CALL), sight, result, clamped={1}).tokens.tolist() == [OPEN, 6, 9, STOP]


@pytest.mark.parametrize(("unsure", "doubted"), [(0, False), (1, True), (3, True), (4, False)])
def test_what_the_denoiser_is_sure_of_is_not_read(unsure: int, doubted: bool) -> None:
    """Nor what it is unsure of where nothing is asked: the first position, and what stands behind the stop."""
    probabilities = [1.0] * 8
    probabilities[unsure] = 0.9
    result = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4], probabilities)
    assert doubtful(Hold(automaton=CALL), result) is doubted
    assert not doubtful(Hold(automaton=CALL), result, clamped={unsure})


def test_what_costs_something_is_read() -> None:
    hold, sure = Hold(automaton=CALL), [1.0] * 8
    assert not doubtful(hold, written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4], sure))
    dear = written([OPEN, 25, CLOSE, STOP], [1, 2, 3, 4], sure)
    assert doubtful(hold, dear)
    assert not doubtful(hold, dear, clamped={1})


def test_what_goes_on_where_the_turn_might_have_ended_is_read() -> None:
    """Two calls, of which the denoiser is sure."""
    again = replace(CALL, source=[*CALL.source, 3], target=[*CALL.target, 1], label=[*CALL.label, 0], cost=[0.0] * 8)
    hold = Hold(automaton=again)
    sure = [1.0] * 8
    assert not doubtful(hold, written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4], sure))
    twice = written([OPEN, 6, CLOSE, OPEN, 6, CLOSE, STOP], [1, 2, 3, 1, 2, 3, 4], sure)
    assert doubtful(hold, twice)
    assert not doubtful(hold, twice, clamped={3}), "that it goes on is no question there"


def test_costs_count() -> None:
    logits = torch.zeros(8, 40)
    logits[1, 25] = 0.75  # which costs a nat more
    result = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4])
    awaited = expected(Hold(automaton=CALL), Plain(Asked(CALL.tables), logits), result)
    own = logits.log_softmax(-1)[range(4), list(result.tokens[:4])].numpy()
    others = logits.log_softmax(-1)[range(4), awaited.tokens].numpy()
    assert awaited.objection(own, others, 0.0) is None
    position, most = awaited.objection(own - np.float32([0, 0, 2, 0]), others, 1.5) or (0, 0.0)
    assert (position, most) == (2, pytest.approx(float(own[1] + others[2]))), "what stands before it may cost nothing"


def test_of_two_canvases_the_one_is_worth_more_that_costs_less() -> None:
    """Though the encoder holds the other one for likelier."""
    logits = torch.zeros(8, 40)
    logits[1, 25] = 0.75  # which costs a nat more
    sight = Plain(Asked(CALL.tables), logits)
    worth = {}
    for token in (6, 25):
        canvas = written([OPEN, token, CLOSE, STOP], [1, 2, 3, 4])
        own = logits.log_softmax(-1)[range(4), list(canvas.tokens[:4])].numpy()
        worth[token] = expected(Hold(automaton=CALL), sight, canvas).worth(own)
    assert worth[6] - worth[25] == pytest.approx(0.25)


def test_words_that_another_value_has_cost_what_they_cost_a_path() -> None:
    """The encoder expects the first value's word in the second one, too; where it stands, the canvas pays for it."""
    once, other, words = 6, 7, {6: 0, 7: 1}
    edges = [(0, 1, OPEN, NEW_VALUES, -1), (3, 4, CLOSE, NO_VALUE, -1), (4, 5, STOP, NO_VALUE, -1)]
    edges += [(1 + value, 2 + value, token, value, word) for value in (0, 1) for token, word in words.items()]
    call = claiming(edges, final=5, pad=PAD, stop=STOP)
    logits = torch.zeros(8, 40)
    logits[1:3, once] = 3.0
    sight = Plain(Asked(call.tables), logits)
    apart = written([OPEN, once, other, CLOSE, STOP], [1, 2, 3, 4, 5])
    twice = written([OPEN, once, once, CLOSE, STOP], [1, 2, 3, 4, 5])
    cheap, dear = Hold(automaton=call, twice=2.0), Hold(automaton=call, twice=4.0)
    assert expected(cheap, sight, apart).tokens.tolist() == [OPEN, once, once, CLOSE, STOP]
    assert expected(cheap, sight, apart).others.tolist() == [0.0, 0.0, 2.0, 0.0, 0.0]
    assert expected(dear, sight, apart).tokens.tolist() == [OPEN, once, other, CLOSE, STOP]
    assert expected(dear, sight, twice).tokens.tolist() == [OPEN, once, other, CLOSE, STOP]
    assert expected(dear, sight, twice).others.tolist() == [0.0] * 5
    assert expected(dear, sight, twice).costs.tolist() == [0.0, 0.0, 4.0, 0.0, 0.0]


@pytest.mark.parametrize("review", [-1.0, float("nan")])
def test_a_tolerance_is_a_number_of_nats(engine: Engine, review: float) -> None:
    with pytest.raises(PlanError, match="review is a number of nats"):
        engine.sync.open(PROMPT).fill(CanvasPlan(review=review))
