import random
from functools import reduce
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentkit.dialects.tokenizer import Tokenizer
from agentkit.messages import AssistantMessage, ToolCallPart, ToolDefinition, UserMessage
from agentkit.tools import Tool
from agentkit_recipe import turns
from agentkit_recipe.cases import Case, Mix, View, ask, choose_views, composed_scene, show
from agentkit_recipe.catalogue import HELD_OUT, KNOWN
from agentkit_recipe.composed import Composed
from agentkit_recipe.conversation import SETS, Writer, evaluation_case
from agentkit_recipe.network import Architecture


@pytest.fixture(scope="module")
def writer(tokenizer: Tokenizer) -> Writer:
    return Writer(tokenizer, canvas_length=48)


def test_a_pack_follows_from_its_key(writer: Writer) -> None:
    first, again, other = (writer.pack(key, branches=4, canvases=2, answers=True) for key in ("a", "a", "b"))
    assert first == again != other


def test_prefix_and_branch_are_what_the_dialect_renders(writer: Writer) -> None:
    rng = random.Random(0)
    for _ in range(30):
        views = choose_views(KNOWN, rng, Mix())
        case = ask(rng.choice(views), rng, "train")
        branch = writer.branch(case, 1, answers=False, rng=rng)
        spot = branch.canvases[0]
        whole = writer.dialect.render([UserMessage(case.prompt)], [view.definition for view in views])
        assert writer.prefix([], [view.definition for view in views]) + branch.tokens[: spot.anchor] == whole


def test_targets_parse_back_to_the_call(writer: Writer) -> None:
    rng = random.Random(1)
    for family in (*KNOWN, *HELD_OUT):
        for names in ("usual", "synonym", "invented"):
            case = ask(show(family, rng, names), rng, "train")
            (calls,) = case.rounds
            parsed = writer.dialect.parse(writer.reply(calls))
            assert [(call.name, call.arguments) for call in parsed.calls] == [
                (call.view.definition.name, call.arguments) for call in calls
            ]
            assert parsed.faults == () and parsed.stop is not None


def test_a_long_reply_is_cut_into_canvases(writer: Writer) -> None:
    spots = writer.spots(10, list(range(100)))
    assert [spot.anchor for spot in spots] == [10, 58, 106]
    assert [token for spot in spots for token in spot.target][:100] == list(range(100))
    assert spots[-1].target[4:] == [writer.pad] * 44


def test_the_answer_comes_after_the_result(writer: Writer) -> None:
    rng = random.Random(2)
    case = ask(show(KNOWN[0], rng, "usual"), rng, "train")
    branch = writer.branch(case, 2, answers=True, rng=rng)
    before = branch.tokens[: branch.canvases[1].anchor]
    assert before == branch.tokens and case.answer == writer.dialect.parse(branch.canvases[1].target).text
    history = writer.dialect.render(
        [UserMessage(case.prompt), AssistantMessage((ToolCallPart("calculate", case.rounds[0][0].arguments, "0"),))]
    )
    assert history[-1] in writer.dialect.stop_tokens


def test_an_error_is_told_as_one_and_passed_on(writer: Writer) -> None:
    rng = random.Random(3)
    scene = composed_scene(rng, Mix(families_beside=0.0))
    case = next(case for case in iter(lambda: scene.served(rng, "train"), None) if case.rounds[0][0].failed)
    branch = writer.branch(case, 2, answers=True, rng=rng)
    assert "error:" in writer.dialect.tokenizer.decode(branch.tokens)
    told = writer.dialect.parse(branch.canvases[1].target).text
    assert told == case.answer and told.startswith("Sorry, that failed: ")


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_packs_stay_within_canvas_and_context(writer: Writer, key: int) -> None:
    pack = writer.pack(str(key), branches=8, canvases=2, answers=key % 2 == 0)
    assert len(pack.branches) == 8 and pack.prefix[0] == writer.dialect.tokenizer.control["<bos>"]
    for branch in pack.branches:
        assert len(pack.prefix) + len(branch.tokens) + 48 <= Architecture().context_length
        assert [len(spot.target) for spot in branch.canvases] == [48, 48]
        assert all(0 < spot.anchor <= len(branch.tokens) for spot in branch.canvases)


@pytest.mark.parametrize("kind", SETS)
def test_evaluation_cases_are_fixed_and_apart(kind: str) -> None:
    cases = [evaluation_case(kind, index) for index in range(60)]
    assert cases == [evaluation_case(kind, index) for index in range(60)]
    held_out = {family.name for family in HELD_OUT}
    for tools, case in cases:
        assert 1 <= len(tools) <= 7 and len({tool.name for tool in tools}) == len(tools)
        view = case.call.view if case.call else None
        if kind in ("irrelevant", "chat"):
            assert view is None
        elif kind == "composed":
            assert isinstance(view, Composed)
        elif kind == "own_words":
            assert isinstance(view, Tool)
        else:
            assert isinstance(view, View) and (view.family.name in held_out) == (kind == "families")


def test_requests_of_a_conversation_follow_others_that_were_answered() -> None:
    for index in range(40):
        _, case = evaluation_case("conversation", index)
        asked = [message for message in case.history if isinstance(message, UserMessage)]
        assert 1 <= len(asked) <= 3 and isinstance(case.history[-1], AssistantMessage) and case.history[-1].text


def test_held_out_cases_stay_what_they_were() -> None:
    """Calls of models made from other data can be compared only over the very same requests."""
    expected = {
        "known": 1714830690,
        "invented": 1939423583,
        "families": 1642524799,
        "composed": 646951065,
        "several": 1206963739,
        "irrelevant": 1956274907,
        "chat": 1947572220,
        "pairs": 3688891557,
        "own_words": 3670570579,
        "conversation": 1853981776,
        "missing": 2563591570,
        "later": 3066926743,
        "follow_up": 2198790781,
        "chained": 3216682259,
    }
    for kind, checksum in expected.items():
        assert reduce(lambda crc, index: crc32(spelled(*evaluation_case(kind, index)), crc), range(60), 0) == checksum


def spelled(tools: list[ToolDefinition], case: Case) -> bytes:
    return repr((tools, case.prompt, case.call and case.call.arguments)).encode()


@pytest.mark.parametrize("kind", turns.MAKERS)
def test_the_canvases_of_a_turn_hold_its_calls_and_its_answer(writer: Writer, kind: str) -> None:
    for index in range(20):
        _, case = evaluation_case(kind, index)
        branch = writer.branch(case, 40, answers=True, rng=random.Random(index))
        written = [writer.dialect.parse(spot.target) for spot in branch.canvases]
        names = {call.name for parsed in written for call in parsed.calls if not call.faults}
        assert names <= {call.view.definition.name for calls in case.rounds for call in calls}
        whole = writer.dialect.render([*case.history, UserMessage(case.prompt)])
        first = min(spot.anchor for spot in branch.canvases)
        assert [writer.dialect.render_bos()[0], *branch.tokens[:first]] == whole
        told = "".join(parsed.text for parsed in written)
        assert case.answer[:30] in told


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(ValueError, match="'other'"):
        evaluation_case("other", 0)


@pytest.mark.parametrize("kind", ["known", "invented", "families", "composed", "own_words"])
def test_what_is_to_be_called_obeys_its_own_declaration(kind: str) -> None:
    for index in range(150):
        _, case = evaluation_case(kind, index)
        assert case.call is not None
        validator = Draft202012Validator(case.call.view.definition.parameters)
        assert [error.message for error in validator.iter_errors(case.call.arguments)] == []
