"""Cases, judged."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, Handoff, ModelError, ModelSettings, RunContext, Tool, UserError, tool
from agentkit.evaluation import Case, ExpectedCall, Variant, evaluate
from agentkit.evaluation.figures import Share
from agentkit.evaluation.judge import same
from agentkit.testing import FunctionModel, ScriptedModel, call

pytestmark = pytest.mark.anyio
ran: list[str] = []


@tool
def add_item(item: str, count: int = 1, note: str | None = None) -> str:
    ran.append(item)
    return f"{count} {item} added"


@tool(requires_approval=True)
def pay(amount: float) -> str:
    return "paid"


async def outcome(case: Case, *script, **options):
    agent = Agent(ScriptedModel(script), tools=[add_item, pay], retries=3)
    evaluation = await evaluate(agent, [case], **options)
    return evaluation.variants[0].outcomes[0]


def expecting(*calls: ExpectedCall, **more) -> Case:
    return Case("?", calls=calls, **more)


MILK = call("add_item", item="milk")


@pytest.mark.parametrize(
    ("expected", "made", "right"),
    [
        ([ExpectedCall("add_item", {"item": "milk"})], [MILK], True),
        ([ExpectedCall("add_item", {"item": "milk", "count": 1})], [MILK], True),  # the default is the same call
        ([ExpectedCall("add_item", {"item": "milk"})], [call("add_item", item="milk", note=None)], True),
        ([ExpectedCall("add_item", {"item": "milk", "note": None})], [MILK], True),
        ([ExpectedCall("add_item", {"item": "milk"})], [call("add_item", item="milk", note="fresh")], False),
        ([ExpectedCall("add_item", {"item": "milk", "count": 1.0})], [MILK], True),
        ([ExpectedCall("add_item", {"item": "milk", "count": True})], [MILK], False),
        ([ExpectedCall("add_item")], [MILK], True),
        ([ExpectedCall("add_item", {"item": "tea"})], [MILK], False),
        ([], [], True),
        ([], [MILK], False),
        ([ExpectedCall("add_item")], [], False),
        (
            [ExpectedCall("add_item"), ExpectedCall("add_item", {"item": "milk"})],
            [MILK, call("add_item", item="x")],
            True,
        ),
        ([ExpectedCall("add_item", {"item": "milk"})] * 2, [MILK], False),
        ([ExpectedCall("pay", {"amount": 3})], [call("pay", amount=3.0)], True),  # it waits, and was made
    ],
)
async def test_right_calls(expected, made, right):
    found = await outcome(expecting(*expected), *([list(made)] if made else []), "done")
    assert found.right_calls is right and found.passed is right


async def test_valid_calls_are_those_that_could_run():
    wrong = await outcome(expecting(ExpectedCall("add_item")), call("add_item", item=3), "done")
    assert (wrong.valid_calls, wrong.right_calls) == (False, False)
    mended = await outcome(expecting(ExpectedCall("add_item")), call("add_item", item=3), MILK, "done")
    assert (mended.valid_calls, mended.right_calls) == (False, True)
    fine = await outcome(expecting(ExpectedCall("add_item")), MILK, "done")
    assert fine.valid_calls and fine.calls[0].arguments == {"item": "milk"}
    assert (await outcome(expecting(), "none")).valid_calls is None


@pytest.mark.parametrize(
    ("case", "right"),
    [
        (Case("?", answer="It is  408."), True),
        (Case("?", answer="it is 408"), False),
        (Case("?", contains=("408", "IT")), True),
        (Case("?", contains=("409",)), False),
        (Case("?", checker="tests_checkers:yes"), True),
        (Case("?", checker="tests_checkers:no"), False),
        (Case("?", checker="tests_checkers:asserts"), False),
        (Case("?", checker="tests_checkers:looks_up"), True),
        (Case("?", checker="tests_checkers:refuses_later"), False),
    ],
)
async def test_answers(case, right, monkeypatch, tmp_path):
    (tmp_path / "tests_checkers.py").write_text(
        "def yes(output, case): return output.startswith('It')\n"
        "def no(output, case): return False\n"
        "def asserts(output, case): assert 'x' in output, 'there is no x'\n"
        "async def looks_up(output, case): return '408' in output\n"
        "async def refuses_later(output, case): return False\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = await outcome(case, "It is 408.")
    assert found.right_answer is right and found.right_calls is None
    if case.checker == "tests_checkers:asserts":
        assert found.why == "there is no x"


async def test_a_common_checker_looks_at_every_output_and_typed_ones_are_compared_as_json():
    def short(output: object, case: Case) -> bool:
        return len(str(output)) < 5

    assert (await outcome(Case("?"), "yes", checker=short)).right_answer
    assert not (await outcome(Case("?", contains=("y",)), "yes, certainly", checker=short)).right_answer
    agent: Agent[None, int] = Agent(ScriptedModel([call("final_result", response=3)]), output_type=int)
    (variant,) = (await evaluate(agent, [Case("?", answer=3)])).variants
    assert variant.outcomes[0].right_answer, variant.outcomes[0]


async def test_a_run_that_raises_or_a_broken_checker_is_an_error_of_its_case_alone():
    def reply(request):
        return ModelError("broken") if request.messages[-1].text == "bad" else "fine"

    def checker(output, case):
        return {"good": True}[case.prompt]

    cases = [Case("bad", answer="x", calls=()), Case("good"), Case("other")]
    (variant,) = (await evaluate(Agent(FunctionModel(reply)), cases, checker=checker)).variants
    bad, good, other = variant.outcomes
    assert bad.error and not bad.passed and bad.why == "ModelError: broken" and bad.right_calls is False
    assert good.passed
    assert other.error and other.why == "KeyError: 'other'"
    assert variant.figures.errors == 2 and variant.figures.passed == Share(1, 3)


async def test_canned_results_stand_in_for_tools():
    ran.clear()
    case = expecting(ExpectedCall("add_item"), results={"add_item": "none left"}, contains=("none left",))
    agent = Agent(
        FunctionModel(lambda r: r.messages[-1].results[0].content if hasattr(r.messages[-1], "results") else MILK),
        tools=[add_item],
    )
    (variant,) = (await evaluate(agent, [case])).variants
    assert variant.outcomes[0].passed and ran == []


@pytest.mark.parametrize("asks", [{"requires_approval": True}, {"min_certainty": 0.9}])
async def test_nobody_is_asked_about_a_canned_result(asks):
    ran.clear()
    case = expecting(ExpectedCall("add_item"), results={"add_item": "added"}, contains=("done",))
    agent = Agent(ScriptedModel([MILK, "It is done."]), tools=[Tool(add_item, **asks)])
    (variant,) = (await evaluate(agent, [case])).variants
    assert variant.outcomes[0].passed and ran == []


async def test_tools_find_the_deps():
    agent: Agent[list[str], str] = Agent(ScriptedModel([call("note", item="milk"), "noted"]), deps_type=list)

    @agent.tool
    def note(ctx: RunContext[list[str]], item: str) -> None:
        ctx.deps.append(item)

    notes: list[str] = []
    await evaluate(agent, [Case("milk", answer="noted")], deps=notes)
    assert notes == ["milk"]


async def test_an_agent_with_a_canned_result_is_not_asked():
    ran.clear()
    shopper = Agent(ScriptedModel([MILK, "I bought milk"]), name="shopper", tools=[add_item])
    case = expecting(ExpectedCall("shopper"), results={"shopper": "none left"})
    agent = Agent(ScriptedModel([call("shopper", prompt="milk"), "Sorry."]), tools=[shopper.as_tool()])
    (variant,) = (await evaluate(agent, [case])).variants
    assert variant.outcomes[0].passed and ran == []


async def test_calls_after_a_handover_are_judged_by_the_tools_of_who_made_them():
    ran.clear()
    shop = Agent(ScriptedModel([MILK, "Bought."]), name="shop", tools=[add_item])
    desk = Agent(ScriptedModel([call("transfer_to_shop")]), output_type=[str, Handoff(shop)])
    case = expecting(ExpectedCall("add_item", {"item": "milk"}), contains=("bought",))
    (found,) = (await evaluate(desk, [case])).variants[0].outcomes
    assert (found.right_calls, found.valid_calls, found.passed) == (True, True, True)


async def test_of_a_turn_that_waits_all_calls_were_made():
    case = expecting(ExpectedCall("pay", {"amount": 3}), ExpectedCall("add_item", {"item": "milk"}))
    found = await outcome(case, [call("pay", amount=3), MILK])
    assert (found.stop_reason, found.right_calls) == ("approval_required", True)


async def test_a_call_whose_agent_waits_was_made():
    cashier = Agent(ScriptedModel([call("pay", amount=3)]), name="cashier", tools=[pay])
    agent = Agent(ScriptedModel([call("cashier", prompt="Pay 3.")]), tools=[cashier.as_tool()])
    (found,) = (await evaluate(agent, [expecting(ExpectedCall("cashier"))])).variants[0].outcomes
    assert (found.right_calls, found.valid_calls) == (True, True)


async def test_variants_change_model_settings_and_instructions_and_seeds_count_on():
    seen = []

    def reply(request):
        seen.append((request.settings.seed, request.settings.constraints, request.messages[0].kind))
        return "fine"

    other = FunctionModel(lambda request: "other")
    other.name = "other"
    agent = Agent(FunctionModel(reply), model_settings=ModelSettings(seed=5))
    variants = [
        Variant(name="plain"),
        Variant(name="free", settings=ModelSettings(constraints=False, seed=7), instructions="Be brief."),
        Variant(name="other", model=other),
    ]
    evaluation = await evaluate(agent, [Case("?", answer="fine")], variants, repeat=2)
    assert seen == [(5, None, "user"), (6, None, "user"), (7, False, "system"), (8, False, "system")]
    assert [variant.model for variant in evaluation.variants] == ["function", "function", "other"]
    assert [variant.figures.passed.value for variant in evaluation.variants] == [1.0, 1.0, 0.0]
    assert evaluation.variants[1].settings == {"constraints": False, "seed": 7}


async def test_runs_go_side_by_side_and_keep_their_order():
    running, most, told = 0, 0, []

    async def reply(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.001 * (6 - int(request.messages[-1].text)))
        running -= 1
        return "done"

    cases = [Case(str(n), id=str(n), answer="done") for n in range(6)]
    evaluation = await evaluate(Agent(FunctionModel(reply)), cases, max_concurrent=3, progress=told.append)
    assert [found.case for found in evaluation.variants[0].outcomes] == list("012345")
    assert most == 3 and len(told) == 6


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case("?"), "expects nothing"),
        (expecting(ExpectedCall("fly")), "the agent lacks: fly"),
        (Case("?", answer="x", results={"fly": 1}), "the agent lacks: fly"),
        (expecting(ExpectedCall("add_item", {"itm": 1})), "arguments that 'add_item' lacks: itm; it takes item"),
        (Case("?", checker="no_such_module:f"), "no checker"),
        (Case("?", checker="json"), "no checker"),
    ],
)
async def test_cases_that_cannot_be_judged_are_refused_before_anything_runs(case, reason):
    with pytest.raises(UserError, match=reason):
        await outcome(case, "never")


async def test_cases_are_known_by_their_ids_or_places():
    cases = [Case("one", answer="one"), Case("two", id="second", answer="two"), Case("three", answer="three")]
    echo = Agent(FunctionModel(lambda request: request.messages[-1].text))
    evaluation = await evaluate(echo, cases)
    assert [found.case for found in evaluation.variants[0].outcomes] == ["case 1", "second", "case 3"]
    with pytest.raises(UserError, match="Several cases have the id 'second'"):
        await evaluate(echo, [*cases, cases[1]])


@pytest.mark.parametrize("options", [{"max_concurrent": 0}, {"repeat": 0}])
async def test_something_is_run(options):
    with pytest.raises(UserError, match="repeat and max_concurrent are at least 1"):
        await outcome(Case("?", answer="x"), "x", **options)


async def test_variants_have_names_of_their_own():
    for variants in ([], [Variant(name="a"), Variant(name="a")]):
        with pytest.raises(UserError, match="name of its own"):
            await evaluate(Agent(ScriptedModel([])), [Case("?", answer="x")], variants)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_is_within_bounds(counts):
    share = Share(*counts)
    low, high = share.interval
    assert 0 <= low <= share.value + 1e-12 and share.value - 1e-12 <= high <= 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3).map(lambda x: round(x)) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES, JSON_VALUES)
def test_sameness_is_symmetric_and_holds_for_equals(left, right):
    assert same(left, left) and same(left, right) == same(right, left)


def test_wilsons_interval_by_the_book():
    low, high = Share(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
