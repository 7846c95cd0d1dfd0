"""Budgets: counting, holding, nesting, and warning."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Usage, UsageLimitExceeded, UsageLimits, UserError
from agentkit.budget import Budget


def test_spending_past_a_limit_names_it():
    budget = Budget(UsageLimits(canvases=2))
    budget.spend(canvases=2)
    with pytest.raises(UsageLimitExceeded, match=r"limit of 2 canvases \(UsageLimits.canvases\)") as caught:
        budget.spend(canvases=1)
    assert (caught.value.limit, caught.value.maximum) == ("canvases", 2)


def test_a_budget_is_made_of_limits():
    with pytest.raises(UserError, match="Budget takes a UsageLimits, not 3"):
        Budget(3)


def test_prompt_and_output_tokens_share_a_limit():
    budget = Budget(UsageLimits(tokens=10))
    budget.spend(prompt_tokens=8)
    with pytest.raises(UsageLimitExceeded, match="tokens"):
        budget.spend(output_tokens=3)


def test_what_is_charged_is_spent_whole_or_not_at_all():
    budget = Budget(UsageLimits(tokens=10, turns=1))
    with pytest.raises(UsageLimitExceeded, match="tokens"):
        budget.charge(turns=1, prompt_tokens=11)
    assert budget.usage.turns == budget.usage.tokens == 0
    budget.charge(turns=1, prompt_tokens=10)
    assert (budget.usage.turns, budget.usage.tokens) == (1, 10)


def test_a_canvas_needs_something_left():
    budget = Budget(UsageLimits(denoising_steps=3))
    budget.spend(denoising_steps=3)
    with pytest.raises(UsageLimitExceeded, match="denoising steps"):
        budget.check_canvas()
    with pytest.raises(UsageLimitExceeded, match="denoising steps"), budget.held(denoising_steps=4):
        raise AssertionError


def test_a_child_spends_on_its_parent_and_the_tightest_limit_holds():
    parent = Budget(UsageLimits(canvases=3))
    left, right = parent.child(), parent.child(UsageLimits(canvases=1))
    left.spend(canvases=1)
    right.spend(canvases=1)
    assert (left.usage.canvases, right.usage.canvases, parent.usage.canvases) == (1, 1, 2)
    assert (left.left("canvases"), right.left("canvases"), Budget().left("canvases")) == (1, 0, None)
    with pytest.raises(UsageLimitExceeded):
        right.check_canvas()
    left.check_canvas()
    assert left.exceeded("canvases").maximum == 3
    assert right.exceeded("canvases").maximum == 1


def test_what_is_held_is_nobody_elses():
    parent = Budget(UsageLimits(denoising_steps=10))
    one, two = parent.child(), parent.child()
    with one.held(denoising_steps=8) as first, two.held(denoising_steps=8) as second:
        assert (first, second) == ({"denoising_steps": 8}, {"denoising_steps": 2})
        with pytest.raises(UsageLimitExceeded), one.held(denoising_steps=1):
            raise AssertionError
        one.add(denoising_steps=3)
    assert parent.left("denoising_steps") == 7


amounts = st.integers(0, 20)


@given(amounts, amounts)
def test_settling_counts_nothing_twice(reported, spent):
    run = Budget()
    turn = run.child()
    turn.spend(canvases=spent)
    turn.settle(Usage(canvases=reported))
    assert turn.usage.canvases == run.usage.canvases == max(reported, spent)


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 60), st.integers(1, 60))
def test_what_is_held_and_spent_never_passes_a_limit(wishes, own, outer):
    parent = Budget(UsageLimits(denoising_steps=outer))
    child = parent.child(UsageLimits(denoising_steps=own))
    for wish in wishes:
        try:
            with child.held(denoising_steps=wish) as granted:
                child.add(denoising_steps=granted["denoising_steps"])
        except UsageLimitExceeded:
            assert child.left("denoising_steps") == 0
    assert child.usage.denoising_steps == parent.usage.denoising_steps == min(own, outer, sum(wishes))


@given(st.lists(st.integers(1, 5), max_size=30), st.integers(1, 50))
def test_a_limit_is_told_to_be_near_once_and_from_80_percent_on(amounts, maximum):
    told = []
    budget = Budget(UsageLimits(denoising_steps=maximum), near=told.append)
    for amount in amounts:
        before = budget.usage.denoising_steps
        budget.add(denoising_steps=amount)
        crossed = before < 0.8 * maximum <= before + amount
        assert len(told) == (budget.usage.denoising_steps >= 0.8 * maximum)
        if crossed:
            assert told == [("denoising_steps", before + amount, maximum, "shared")]


def test_who_spends_is_told_of_limits_that_nobody_else_is_told_of():
    inner, outer = [], []
    pool = Budget(UsageLimits(turns=5))
    session = Budget(UsageLimits(turns=5), parent=pool, scope="session")
    run = Budget(UsageLimits(turns=5), parent=session, scope="run", near=outer.append)
    asked = Budget(UsageLimits(turns=5), parent=run, scope="run", near=inner.append)
    for _ in range(5):
        asked.charge(turns=1)
    assert [near.scope for near in inner] == ["run"]
    assert [near.scope for near in outer] == ["run", "session", "shared"]


def test_seconds_go_by_where_there_is_a_clock_and_add_up_where_there_is_none(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("agentkit.budget.time.monotonic", lambda: now[0])
    pool = Budget(UsageLimits(seconds=100))
    run = Budget(UsageLimits(seconds=10), parent=pool, clock=True)
    asked = Budget(parent=run, clock=True)
    now[0] = 4.0
    assert (run.usage.seconds, run.left("seconds"), asked.left("seconds")) == (4, 6, 6)
    assert run.seconds_to_near() == 4
    asked.close()
    run.close()
    now[0] = 9.0
    assert (asked.usage.seconds, run.usage.seconds, pool.usage.seconds) == (4, 4, 4)


def test_a_sessions_clock_stops_with_its_run_and_adds_up_as_well(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("agentkit.budget.time.monotonic", lambda: now[0])
    pool = Budget(UsageLimits(seconds=100))
    session = Budget(UsageLimits(seconds=50), parent=pool, spent=Usage(seconds=9), scope="session", clock=True)
    run = Budget(UsageLimits(seconds=10), parent=session, scope="run", clock=True)
    now[0] = 4.0
    run.close()
    now[0] = 9.0
    assert (run.usage.seconds, session.usage.seconds, pool.usage.seconds) == (4, 13, 4)


def test_a_budget_may_be_spent_from_many_threads():
    pool = Budget(UsageLimits(denoising_steps=500))

    def spend() -> None:
        child = pool.child()
        try:
            while True:
                with child.held(denoising_steps=3) as granted:
                    child.add(denoising_steps=granted["denoising_steps"])
        except UsageLimitExceeded:
            pass

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.usage.denoising_steps <= 500
    assert pool.usage.denoising_steps > 450
