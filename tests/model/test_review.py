"""A canvas that is done is read once more: by the encoder's own logits, and only for the better."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import DiffusionGemmaForBlockDiffusion

from agentkit_model import CanvasPlan, CanvasResult, Choice, DenoisingError, Engine, Hold, PlanError, TokenAutomaton
from agentkit_model.automaton import NEW_VALUES, NO_VALUE, UNREACHABLE
from agentkit_model.review import AGAIN, GAIN, MORE, TRIES, WORD, Search, Way, doubtful, expected
from agentkit_model.sight import Asked, Plain
from tests.model.claiming import claiming
from tests.model.conftest import CONFIGS
from tests.model.test_path import VOCAB, accepted, automata, path_of

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


def other_tokens(says: Tensor, tokens: list[int]) -> dict[int, tuple[int, float, float]]:
    """At each position behind the first one: of the best tokens of each kind that may stand there the one that is worth
    most and is not the canvas' own, what it is worth, and how much more than that one."""
    found = {}
    for position in range(1, min(len(tokens), 7)):
        row = says[position].tolist()
        if tokens[position - 1] == CLOSE:
            continue  # the stop, and nothing else
        kinds = [LOW, HIGH, (CLOSE,)] if position > 1 else [LOW, HIGH]
        best = [max(kind, key=row.__getitem__) for kind in kinds]
        own, *worth = (row[token] - (token in HIGH) for token in (tokens[position], *best))
        others = [(value, token) for value, token in zip(worth, best, strict=True) if token != tokens[position]]
        most, token = max(others)
        found[position] = token, most, most - own
    return found


@dataclass
class Reading:
    """A draft that was read, and the way that was tried next."""

    draft: CanvasResult
    worth: float
    ways: list[Way]
    tried: Way | None = None


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Reading]:
    """What is read from here on."""
    found: list[Reading] = []
    learn, following = Search.learn, Search.next

    def learned(search: Search, draft: CanvasResult, worth: float, ways: Sequence[Way]) -> None:
        found.append(Reading(draft, worth, [*ways]))
        learn(search, draft, worth, ways)

    def tried(search: Search) -> Way | None:
        found[-1].tried = following(search)
        return found[-1].tried

    monkeypatch.setattr(Search, "learn", learned)
    monkeypatch.setattr(Search, "next", tried)
    return found


def test_a_canvas_is_denoised_anew_where_the_encoder_expects_something_else(
    pair: tuple[Engine, DiffusionGemmaForBlockDiffusion], readings: list[Reading]
) -> None:
    engine, model = pair
    objections = anew = 0
    for seed in range(12):
        readings.clear()
        result = fill(engine, seed=seed, max_denoising_steps=24, review=0.25)
        assert CALL.follow(result.tokens[: result.length]) and result.steps <= 24
        held = 0
        for reading in readings:
            tokens = list(reading.draft.tokens[: reading.draft.length])
            says = encoder_says(model, tokens)
            others = other_tokens(says, tokens)
            assert reading.worth == pytest.approx(worth_of(says, tokens), abs=1e-3)
            assert {way.position: way.token for way in reading.ways} == {
                position: token for position, (token, _, _) in others.items() if position > held
            }
            first = next((at for at, (_, _, gain) in others.items() if gain > 0.25 and at > held), None)
            assert [way.position for way in reading.ways if way.objected] == [first] * (first is not None)
            objections += first is not None
            for way in reading.ways:
                before = float(says[range(1, way.position), tokens[1 : way.position]].sum())
                assert way.most == pytest.approx(before + others[way.position][1], abs=1e-3)
            held = reading.tried.position if reading.tried else 0
        for reading, behind in itertools.pairwise(readings):
            way, old, new = reading.tried, None, behind.draft
            assert way is not None
            anew += 1
            old, at = way.draft, way.position
            assert new.tokens[: at + 1] == (*old.tokens[:at], way.token)
            assert new.entropies[:at] == old.entropies[:at] and new.probabilities[:at] == old.probabilities[:at]
            assert new.probabilities[at] == pytest.approx(np.exp(way.expected), rel=1e-3) and at in new.departures
            assert new.renoised is not None and new.renoised[0] <= at and 0 < new.renoised[1] < result.steps
    assert objections and anew


def test_of_all_drafts_the_one_that_is_worth_most_stays(
    pair: tuple[Engine, DiffusionGemmaForBlockDiffusion], readings: list[Reading]
) -> None:
    """Also where the way to it leads through a worse one."""
    engine, _ = pair
    detours = 0
    for seed in range(40):
        readings.clear()
        result = fill(engine, seed=seed, max_denoising_steps=48, review=0.0)
        worth = [reading.worth for reading in readings]
        if not worth:
            continue
        best = worth.index(max(worth))
        assert result == replace(readings[best].draft, steps=result.steps)
        detours += any(after < before for before, after in itertools.pairwise(worth[: best + 1]))
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
    logits[1, 25] = 1.75  # which costs a nat more
    result = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4])
    awaited = expected(Hold(automaton=CALL), Plain(Asked(CALL.tables), logits), result)
    says = logits.log_softmax(-1)
    own, others = (says[range(4), tokens].numpy() for tokens in (list(result.tokens[:4]), awaited.tokens))
    way, behind = awaited.ways(result, own, others, 0.7)
    assert (way.position, way.token, way.objected) == (1, 25, True)
    assert way.most == pytest.approx(float(says[1, 25]) - 1)
    assert (behind.position, behind.objected) == (2, False)
    assert not any(way.objected for way in awaited.ways(result, own, others, 0.8))


def test_another_tool_is_expected_where_its_name_begins() -> None:
    """Though its call parts from the other one with the token before, by an edge that costs less."""
    two, name, other = replace(CALL, size=6), LOW[0], LOW[1]
    two = replace(
        two,
        source=[0, 0, 1, 5, 2, 3],
        target=[1, 5, 2, 2, 3, 4],
        label=[0, 0, 5, 6, 3, 4],
        cost=[3.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        sets=[*CALL.sets, (name,), (other,)],
    )
    canvas = written([OPEN, name, CLOSE, STOP], [1, 2, 3, 4])
    awaited = expected(Hold(automaton=two), Plain(Asked(two.tables), torch.zeros(8, 40)), canvas)
    assert awaited.tokens.tolist() == [OPEN, other, CLOSE, STOP]
    assert awaited.costs.tolist() == [3.0, 0.0, 0.0, 0.0]
    assert awaited.others.tolist() == [0.0, -3.0, 0.0, 0.0], "what is put right there, too"


@settings(deadline=None)
@given(automata(), st.integers(2, 5), st.integers(0, 2**16))
def test_no_other_token_is_worth_more(held: TokenAutomaton, length: int, seed: int) -> None:
    """By trying every path of the same tokens, and every edge behind it, each with the best token of its set."""
    logits = torch.randn(length, VOCAB, generator=torch.Generator().manual_seed(seed)) * 3
    logits[-1, PAD] = 50.0
    hold = Hold(automaton=held)
    try:
        path = path_of(hold, logits)
    except DenoisingError:
        return
    assert path is not None
    tokens = path.tokens.tolist()
    canvas = CanvasResult.of(
        tokens,
        [0.0] * length,
        stop_tokens={STOP},
        steps=1,
        reason="stable",
        seed=0,
        position=0,
        states=path.states,
    )
    awaited = expected(hold, Plain(Asked(held.tables), logits), canvas)
    spent = 0.0
    for position, (before, behind, token) in enumerate(hold.steps(canvas)):
        edges = list(zip(held.source, held.target, held.label, held.cost, strict=True))
        if 0 < position < min(canvas.length, length - 1) and before != held.final:
            worth = [
                float(logits[position, best]) - (cost + there - spent)
                for there, state in accepted(held, tokens[:position])
                for source, target, label, cost in edges
                if source == state and held.distance[target] < UNREACHABLE
                for best in [max(held.sets[label], key=logits[position].__getitem__)]
                if best != token
            ]
            other = int(awaited.tokens[position])
            assert (other != token) == bool(worth)
            if worth:
                found = float(logits[position, other]) - float(awaited.others[position])
                assert found == pytest.approx(max(worth), abs=1e-3)
        if before != held.final:
            spent += min(
                cost
                for source, target, label, cost in edges
                if (source, target) == (before, behind) and token in held.sets[label]
            )


def test_nothing_is_put_before_what_is_clamped() -> None:
    """Since it might not fit."""
    logits = torch.zeros(8, 40)
    logits[:, 9] = 50.0
    canvas = written([OPEN, 6, 7, CLOSE, STOP], [1, 2, 2, 3, 4])
    sight = Plain(Asked(CALL.tables), logits)
    assert expected(Hold(automaton=CALL), sight, canvas).tokens.tolist() == [OPEN, 9, 9, 9, STOP]
    assert expected(Hold(automaton=CALL), sight, canvas, clamped={2}).tokens.tolist() == [OPEN, 6, 7, 9, STOP]


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
    assert expected(cheap, sight, apart).tokens.tolist() == [OPEN, other, once, CLOSE, STOP]
    assert expected(cheap, sight, apart).others.tolist() == [0.0, 0.0, 2.0, 0.0, 0.0]
    assert expected(dear, sight, apart).others.tolist() == [0.0, 0.0, 4.0, 0.0, 0.0]
    assert expected(dear, sight, twice).tokens.tolist() == [OPEN, other, other, CLOSE, STOP]
    assert expected(dear, sight, twice).others.tolist() == [0.0] * 5
    assert expected(dear, sight, twice).costs.tolist() == [0.0, 0.0, 4.0, 0.0, 0.0]


def test_each_word_that_was_said_is_worth_something_and_saying_it_again_is_not() -> None:
    """One call or more of one value each, of two words."""
    edges = [(0, 1, OPEN, NEW_VALUES, -1), (2, 3, CLOSE, NO_VALUE, -1), (3, 4, STOP, NO_VALUE, -1)]
    edges += [(3, 1, OPEN, NEW_VALUES, -1), *((1, 2, token, 0, word) for word, token in enumerate((6, 7)))]
    calls = claiming(edges, final=4, pad=PAD, stop=STOP)
    sight = Plain(Asked(calls.tables), torch.zeros(8, 40))

    def reward(*words: int) -> float:
        tokens = [token for word in words for token in (OPEN, word, CLOSE)]
        states = [1, 2, 3] * len(words)
        return expected(Hold(automaton=calls), sight, written([*tokens, STOP], [*states, 4])).reward

    assert (reward(6), reward(6, 7)) == (WORD, 2 * WORD)
    assert reward(6, 6) == WORD - AGAIN
    without = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4])
    assert expected(Hold(automaton=CALL), Plain(Asked(CALL.tables), torch.zeros(8, 40)), without).reward == 0


def test_another_call_may_say_some_words_more() -> None:
    """Where the turn would end, but not where a call goes on."""
    again = replace(CALL, source=[*CALL.source, 3], target=[*CALL.target, 1], label=[*CALL.label, 0], cost=[0.0] * 8)
    canvas = written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4])
    found = expected(Hold(automaton=again), Plain(Asked(again.tables), torch.zeros(8, 40)), canvas)
    assert found.tokens[3] == OPEN and found.more.tolist() == [0.0, 0.0, 0.0, MORE * WORD]
    likely = np.zeros(4, np.float32)
    assert [way.most for way in found.ways(canvas, likely, likely, 1.0)][-1] == MORE * WORD


def test_of_several_calls_the_one_that_fits_best_counts() -> None:
    """Each answers a part of the request, and the words of the whole speak for one of them."""
    edges = [(2, 3, CLOSE, NO_VALUE, -1), (3, 4, STOP, NO_VALUE, -1)]
    edges += [(state, 1, token, NEW_VALUES, -1) for state in (0, 3) for token in (OPEN, OPEN + 2)]
    calls = claiming([*edges, (1, 2, 6, 0, 0)], final=4, pad=PAD, stop=STOP)
    dear = [
        3.0 if calls.sets[label] == (OPEN + 2,) else 1.0 if calls.sets[label] == (OPEN,) else 0.0
        for label in calls.label
    ]
    calls = replace(calls, cost=dear)
    sight = Plain(Asked(calls.tables), torch.zeros(8, 40))

    def spent(*openings: int) -> float:
        tokens = [token for opening in openings for token in (opening, 6, CLOSE)]
        canvas = written([*tokens, STOP], [*[1, 2, 3] * len(openings), 4])
        found = expected(Hold(automaton=calls), sight, canvas)
        return WORD - found.worth(np.zeros(canvas.length, np.float32))

    assert (spent(OPEN), spent(OPEN + 2)) == (1.0, 3.0)
    assert spent(OPEN + 2, OPEN) == spent(OPEN, OPEN + 2) == 1.0


def way(position: int, most: float, *, reward: float = 0.0, objected: bool = False) -> Way:
    return Way(written([OPEN, 6, CLOSE, STOP], [1, 2, 3, 4]), position, 7, -1.0, most, reward, objected)


def test_what_is_objected_to_is_tried_first_and_then_what_is_likeliest() -> None:
    search = Search()
    search.learn(written([], []), -9.0, [way(1, -2.0), way(2, -4.0, objected=True), way(3, -1.0)])
    assert [found and found.position for found in (search.next(), search.next(), search.next(), search.next())] == [
        *(2, 3, 1),
        None,
    ]


def test_a_way_is_tried_where_it_may_lead_to_something_worth_more() -> None:
    """Markedly more, unless the encoder objects."""
    search = Search()
    search.learn(written([], []), -4.0, [way(1, -4.5, objected=True), way(2, -4.0 + GAIN), way(3, -6.0)])
    assert search.next() is None
    search.learn(written([OPEN], [1]), -5.0, [way(1, -3.9, objected=True)])
    assert search.worth == -4.0 and search.next() is not None


def test_a_way_may_come_to_say_as_much_as_any_canvas_did() -> None:
    """A canvas that says little is no reason to give up the ways on from it, nor does it come first."""
    search = Search()
    search.learn(written([], []), -3.0, [way(1, -2.0, reward=0.0), way(2, -3.0, reward=0.5)])
    assert search.next() is None
    search.learn(written([OPEN], [1]), -3.5, [way(3, -9.0, reward=1.0 + GAIN)])
    assert [found and found.position for found in (search.next(), search.next(), search.next())] == [1, 2, None]


def test_no_more_than_a_few_ways_are_tried_that_nobody_objects_for() -> None:
    search = Search()
    search.learn(written([], []), -90.0, [way(position, -float(position)) for position in range(TRIES + 2)])
    assert [search.next() is not None for _ in range(TRIES + 2)] == [True] * TRIES + [False] * 2
    search.learn(written([], []), -90.0, [way(1, -1.0, objected=True)])
    assert search.next() is not None


@pytest.mark.parametrize("review", [-1.0, float("nan")])
def test_a_tolerance_is_a_number_of_nats(engine: Engine, review: float) -> None:
    with pytest.raises(PlanError, match="review is a number of nats"):
        engine.sync.open(PROMPT).fill(CanvasPlan(review=review))
