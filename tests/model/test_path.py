"""The most probable path of an automaton: equal to trying every sequence, and never outside of the automaton."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit_model import CanvasPlan, Choice, DenoisingError, Engine, Hold, PlanError, TokenAutomaton, native
from agentkit_model.path import Path, best_path
from agentkit_model.sight import Asked, Plain

pytestmark = pytest.mark.usefixtures("both_ways")
KERNELS = native.library()
PAD, STOP, OPEN, CLOSE, TEXT = 0, 1, 2, 3, (4, 5, 6)
VOCAB = 7


def automaton(
    edges: Sequence[tuple[int, int, Sequence[int]]], size: int, cost: Sequence[float] | None = None
) -> TokenAutomaton:
    """Edges (source, target, tokens), with the last state as the final one."""
    return TokenAutomaton(
        size=size,
        source=[source for source, _, _ in edges],
        target=[target for _, target, _ in edges],
        label=list(range(len(edges))),
        cost=cost or [0.0] * len(edges),
        sets=[tokens for _, _, tokens in edges],
        start=0,
        final=size - 1,
        pad=PAD,
        stops=frozenset((STOP,)),
    )


def accepted(held: TokenAutomaton, tokens: Sequence[int]) -> Iterator[tuple[float, int]]:
    """The cost and the last state of every path that writes `tokens`."""
    if not tokens:
        yield 0.0, held.start
        return
    for cost, state in accepted(held, tokens[:-1]):
        if state == held.final and tokens[-1] == PAD:
            yield cost, state
        for index, source in enumerate(held.source):
            if source == state and tokens[-1] in held.sets[held.label[index]]:
                yield cost + held.cost[index], int(held.target[index])


def path_of(hold: Hold, logits: torch.Tensor, *, decide: bool = True) -> Path | None:
    return best_path(hold, Plain(Asked(hold.automaton.tables), logits), decide=decide)


CALL = automaton([(0, 1, [OPEN]), (1, 1, TEXT), (1, 2, [CLOSE]), (2, 0, [4]), (2, 3, [STOP])], 4)


@st.composite
def automata(draw: st.DrawFn) -> TokenAutomaton:
    size = draw(st.integers(2, 5))
    state = st.integers(0, size - 1)
    tokens = st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=3, unique=True)
    edges = draw(st.lists(st.tuples(st.integers(0, size - 2), state, tokens), min_size=1, max_size=8))
    costs = draw(st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=len(edges), max_size=len(edges)))
    return automaton(edges, size, cost=costs)


@settings(deadline=None)
@given(automata(), st.integers(1, 4), st.integers(0, 2**16))
def test_no_accepted_sequence_is_more_probable(held: TokenAutomaton, length: int, seed: int) -> None:
    logits = torch.randn(length, VOCAB, generator=torch.Generator().manual_seed(seed)) * 3
    logits[-1, PAD] = 50.0  # the model wants the turn to end here
    best = -math.inf
    for sequence in itertools.product(range(VOCAB), repeat=length):
        for cost, state in accepted(held, sequence):
            if state == held.final:
                best = max(best, sum(logits[i, token].item() for i, token in enumerate(sequence)) - cost)
    if best == -math.inf:
        return
    path = path_of(Hold(automaton=held), logits)
    assert path is not None
    tokens = path.tokens.tolist()
    cost = min(cost for cost, state in accepted(held, tokens) if state == held.final)
    assert sum(logits[i, token].item() for i, token in enumerate(tokens)) - cost == pytest.approx(best, abs=1e-3)
    assert path.states[-1] == held.final
    assert path.bound == 0


def test_a_path_may_cross_the_canvas_if_the_model_does_not_end_there() -> None:
    logits = torch.zeros(5, VOCAB)
    logits[:, 5] = 4.0
    path = path_of(Hold(automaton=CALL), logits)
    assert path is not None and path.tokens.tolist() == [OPEN, 5, 5, 5, 5]
    assert path.states[-1] == 1
    going_on = path_of(Hold(automaton=CALL, state=path.states[-1], limit=5), logits)
    assert going_on is not None and going_on.tokens.tolist() == [5, 5, 5, CLOSE, STOP]


@settings(deadline=None)
@given(st.integers(3, 14), st.integers(0, 2**16))
def test_a_turn_is_finished_within_its_limit_whatever_the_logits(limit: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    written: list[int] = []
    state = None
    while len(written) < limit:
        hold = Hold(automaton=CALL, state=state, limit=limit - len(written))
        path = path_of(hold, torch.randn(4, VOCAB, generator=generator) * 9)
        assert path is not None
        written += path.tokens.tolist()
        state = path.states[-1]
        if state == CALL.final:
            break
    assert any(last == CALL.final for _, last in accepted(CALL, written[: written.index(STOP) + 1]))
    assert written.index(STOP) < limit
    assert set(written[written.index(STOP) + 1 :]) <= {PAD}


def test_a_path_may_begin_in_any_of_several_states() -> None:
    logits = torch.zeros(2, VOCAB)
    logits[1, STOP] = 50.0
    assert CALL.follow([OPEN, 5]) == {1}
    assert CALL.follow([OPEN, CLOSE, 4]) == {0}
    assert CALL.follow([4]) == frozenset()
    path = path_of(Hold(automaton=CALL, state=CALL.follow([OPEN, 5]) | {0}), logits)
    assert path is not None and path.tokens.tolist() == [CLOSE, STOP]


# A turn: 0 text, 1 the call begins, 2 within it, 3 behind it, 4 the stop, 5 the end.
TURN = replace(
    automaton([(1, 2, [OPEN]), (2, 2, TEXT), (2, 3, [CLOSE]), (3, 5, [STOP]), (4, 5, [STOP])], 6),
    sets=[[OPEN], TEXT, [CLOSE], [STOP], [STOP]],
    choices={0: [Choice(1, 0), Choice(0, 1, enters=True, binds=True), Choice(3, 4, enters=True)]},
    breaks=frozenset((0,)),
)


def test_the_kind_of_a_region_is_the_models_own_choice() -> None:
    """Although the best text is more probable than the best call, ending with tokens the model does not want."""
    logits = torch.zeros(5, VOCAB)
    logits[0, OPEN], logits[1:, 4] = 3.0, 6.0
    logits[-1, STOP] = 12.0
    path = path_of(Hold(automaton=TURN), logits)
    assert path is not None and path.tokens.tolist() == [OPEN, 4, 4, CLOSE, STOP]
    assert path.bound == 0
    logits[0, OPEN] = 1.0  # likelier than any one text token, but not than text
    logits[2, STOP] = 9.0
    path = path_of(Hold(automaton=TURN), logits)
    assert path is not None and path.tokens.tolist() == [4, 4, STOP, PAD, PAD]
    assert path.bound == 5, "text is not held while it is denoised"


@pytest.mark.parametrize(("bias", "calls"), [(0.0, False), (3.0, True), (2000.0, True), (-2000.0, False)])
def test_a_bias_speaks_for_a_way(bias: float, calls: bool) -> None:
    """Text has e^2 times the share that a call has, so two nats are as much."""
    text, call, stop = TURN.choices[0]
    biased = replace(TURN, choices={0: [text, replace(call, bias=bias), stop]})
    logits = torch.zeros(5, VOCAB)
    logits[0, OPEN], logits[0, TEXT[0]] = 4.0, 6.0
    path = path_of(Hold(automaton=biased, settle=0.5), logits)
    assert path is not None and (path.tokens[0] == OPEN) == calls
    settled = path_of(Hold(automaton=biased, settle=0.9), logits, decide=False)
    assert (settled is not None) is (abs(bias) > 100), "the shares are those with the bias"


def test_a_path_behind_text_may_come_back_to_where_it_began() -> None:
    repeating = replace(
        automaton([(1, 2, [OPEN]), (2, 1, [CLOSE]), (2, 4, [STOP]), (3, 4, [STOP])], 5),
        choices={0: [Choice(4, 0), Choice(0, 1, enters=True, binds=True), Choice(3, 3, enters=True)]},
        sets=[[OPEN], [CLOSE], [STOP], [STOP], TEXT],
    )
    logits = torch.zeros(5, VOCAB)
    for position, token in enumerate(written := [4, OPEN, CLOSE, OPEN, STOP]):
        logits[position, token] = 9.0
    path = path_of(Hold(automaton=repeating), logits)
    assert path is not None and path.tokens.tolist() == written
    assert (path.states, path.bound) == ((0, 2, 1, 2, 4), 1)


def test_an_unsettled_kind_leaves_the_canvas_free() -> None:
    logits = torch.zeros(5, VOCAB)
    logits[0, OPEN] = 1.2
    hold = Hold(automaton=TURN, settle=0.9)
    assert path_of(hold, logits, decide=False) is None
    assert path_of(hold, logits, decide=True) is not None
    logits[0, OPEN] = 9.0
    assert path_of(hold, logits, decide=False) is not None


def test_no_call_begins_that_could_not_be_finished() -> None:
    logits = torch.zeros(4, VOCAB)
    logits[:, OPEN] = 9.0
    path = path_of(Hold(automaton=TURN, limit=2), logits)
    assert path is not None and OPEN not in path.tokens.tolist()


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    """Of automata with and without choices, in the middle of a turn or at its beginning, some with a limit."""
    held = draw(st.sampled_from([CALL, TURN]) | automata())
    states = [state for state in range(held.size) if held.distance[state] <= 2]
    begin = draw(st.none() | st.sets(st.sampled_from(states), min_size=1, max_size=2).map(frozenset))
    return Hold(automaton=held, state=begin, limit=draw(st.none() | st.integers(3, 9)), settle=0.5)


@settings(deadline=None)
@given(holds(), st.booleans(), st.integers(0, 2**16))
def test_a_path_is_the_same_without_kernels(hold: Hold, decide: bool, seed: int) -> None:
    """Also where it has been written in the state of text for a while."""
    logits = torch.randn(6, VOCAB, generator=torch.Generator().manual_seed(seed)) * 3

    def found() -> Path | None:
        with contextlib.suppress(DenoisingError):
            return path_of(hold, logits, decide=decide)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda: KERNELS)
        one = found()
        patch.setattr(native, "library", lambda: None)
        other = found()
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.tokens.tolist() == other.tokens.tolist()
        assert (one.states, one.bound) == (other.states, other.bound)


@pytest.fixture(scope="module")
def engine(tiny_config: Any) -> Iterator[Engine]:
    with Engine.from_config(tiny_config(vocab_size=VOCAB, eos_token_id=[STOP]), seed=3, device="cpu") as engine:
        yield engine


@pytest.mark.parametrize("bonus", [0.0, 4.0, 30.0, math.inf])
@pytest.mark.parametrize("seed", range(5))
def test_a_held_canvas_obeys_whatever_the_weights(engine: Engine, bonus: float, seed: int) -> None:
    context = engine.open_sync([2, 4, 5])
    hold = Hold(automaton=CALL, limit=engine.canvas_length, bonus=bonus)
    canvas = context.fill(CanvasPlan(seed=seed, hold=hold, max_denoising_steps=6))
    drafts = list(canvas.drafts_sync())
    result = canvas.result_sync()
    assert any(last == CALL.final for _, last in accepted(CALL, result.tokens[: result.length]))
    assert result.states[-1] == CALL.final
    assert drafts[-1].tokens == result.tokens and drafts[-1].departures == result.departures
    assert all(0 < probability <= 1 for probability in result.probabilities)


def test_a_strong_hold_makes_the_path_the_canvas(engine: Engine) -> None:
    context = engine.open_sync([2, 4, 5])
    hold = Hold(automaton=CALL, limit=engine.canvas_length, bonus=60.0)
    steps = [context.fill(CanvasPlan(seed=seed, hold=hold)).result_sync().steps for seed in range(5)]
    free = [context.fill(CanvasPlan(seed=seed)).result_sync().steps for seed in range(5)]
    assert sum(steps) < sum(free)


def test_what_does_not_fit_is_refused(engine: Engine) -> None:
    context = engine.open_sync([2])
    with pytest.raises(PlanError, match="takes 3 tokens; the limit is 2"):
        context.fill(CanvasPlan(hold=Hold(automaton=CALL, limit=2)))
    with pytest.raises(PlanError, match=r"states 0 to 3, not \[9"):
        context.fill(CanvasPlan(hold=Hold(automaton=CALL, state=9)))
    with pytest.raises(PlanError, match="token 90; here they go from 0 to 6"):
        context.fill(CanvasPlan(hold=Hold(automaton=automaton([(0, 1, [90])], 2))))
    with pytest.raises(PlanError, match="an edge without tokens"):
        context.fill(CanvasPlan(hold=Hold(automaton=automaton([(0, 1, [])], 2))))
    text, *others = TURN.choices[0]
    for bias in (float("nan"), float("inf")):
        with pytest.raises(PlanError, match="bias is a finite number"):
            biased = replace(TURN, choices={0: [replace(text, bias=bias), *others]})
            context.fill(CanvasPlan(hold=Hold(automaton=biased)))
    with pytest.raises(PlanError, match="no way leads"):
        context.fill(CanvasPlan(hold=Hold(automaton=automaton([(1, 1, [4])], 3))))
    clamped = CanvasPlan(clamped={0: 4}, hold=Hold(automaton=CALL))
    with pytest.raises(DenoisingError, match="accepts no sequence"):
        context.fill(clamped).result_sync()


@settings(deadline=None)
@given(st.lists(st.integers(0, VOCAB - 1), min_size=8, max_size=8) | st.just([OPEN, 4, 5, CLOSE, 4, OPEN, CLOSE, STOP]))
def test_a_canvas_with_every_position_clamped_obeys_too(engine: Engine, tokens: list[int]) -> None:
    context = engine.open_sync([2])
    canvas = context.fill(CanvasPlan(clamped=dict(enumerate(tokens)), hold=Hold(automaton=CALL)))
    if any(True for _ in accepted(CALL, tokens)):
        result = canvas.result_sync()
        assert (result.tokens, result.steps, result.departures) == (tuple(tokens), 0, ())
        assert result.states[-1] in {state for _, state in accepted(CALL, tokens)}
    else:
        with pytest.raises(DenoisingError, match="accepts no sequence"):
            canvas.result_sync()


def test_text_is_not_written_over_a_clamped_canvas(engine: Engine) -> None:
    tokens = [4, 5, CLOSE, 4, 4, STOP, PAD, PAD]
    canvas = engine.open_sync([2]).fill(CanvasPlan(clamped=dict(enumerate(tokens)), hold=Hold(automaton=TURN)))
    with pytest.raises(DenoisingError, match="does not accept the tokens to which every position is clamped"):
        canvas.result_sync()
