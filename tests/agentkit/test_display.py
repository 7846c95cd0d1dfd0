import io
import json

from rich.console import Console

from agentkit import (
    AgentRunResult,
    CanvasCommitted,
    CanvasDraft,
    CanvasRecord,
    DelegatedEvent,
    RunFinished,
    SpanRenoised,
    ToolCallDiscarded,
    ToolCallFinished,
    ToolCallPart,
    ToolCallStarted,
    ToolResult,
    Usage,
    UsageWarning,
)
from agentkit.display import Lines, Watch, colour, describe_call, finished_as_json, printable, visible

CALL = ToolCallPart("add", {"a": 1, "text": "x"}, "c1")
DRAFT = CanvasDraft(0, 2, (5, 6, 7), ("call", "\n", "\x00"), (0.0, 1.0, 7.0))
RESULT: AgentRunResult[str] = AgentRunResult(
    "three",
    "finished",
    Usage(turns=2),
    canvases=(CanvasRecord(0, (5, 6), (0.1, 0.2), 4, "stable", 9, True, "call:add"),),
    tool_calls=(ToolCallFinished(CALL, ToolResult("c1", "add", 3), 0.1),),
)


def shown(lines_type: type[Lines], *events: object, terminal: bool = False, **options: object) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=200,
        force_terminal=terminal,
        highlight=False,
        color_system="truecolor" if terminal else None,
        _environ={"TERM": "xterm-256color"},  # whatever terminal the tests run in
    )
    with lines_type(console, **options) as lines:  # type: ignore[arg-type]
        for event in events:
            lines.show(event)  # type: ignore[arg-type]
    return out.getvalue()


def test_lines_tell_the_story_of_a_run() -> None:
    text = shown(
        Lines,
        DRAFT,
        CanvasCommitted(RESULT.canvases[0]),
        ToolCallDiscarded(ToolCallPart("add", {"a": 9}, "c0")),
        ToolCallStarted(CALL),
        RESULT.tool_calls[0],
        SpanRenoised(0, (2, 4), "no such city", "/city", 3),
        UsageWarning("denoising_steps", 8, 10, "run"),
        RunFinished(RESULT),
    )
    expected = ["canvas 1  call:add", "2 tokens in 4 denoising steps (stable and confident)"]
    expected += [
        "not used  add(a=9)",
        "call      add(a=1, text='x')",
        "result    3",
        "/city: no such city (3 steps)",
        "limit     8 of 10 denoising steps are spent",
        "answer    three",
    ]
    assert all(line in text for line in expected), text
    assert "step" not in text.splitlines()[0]


def test_what_other_agents_do_is_told_with_their_names() -> None:
    events = [
        DelegatedEvent("c1", "desk", DelegatedEvent("c2", "keeper", event)) for event in (DRAFT, RESULT.tool_calls[0])
    ]
    assert shown(Lines, *events, drafts=True) == "step 2    desk: keeper: call↵·\nresult    desk: keeper: 3\n"
    assert "step 2" in shown(Watch, *events, terminal=True, vocab_size=2048)
    assert shown(Lines, *events, RESULT.tool_calls[0]).endswith("keeper: 3\nresult    3\n")


def test_drafts_are_lines_where_there_is_no_terminal() -> None:
    assert shown(Lines, DRAFT, drafts=True) == "step 2    call↵·\n"


def test_watching_redraws_the_canvas_in_place() -> None:
    text = shown(Watch, DRAFT, CanvasCommitted(RESULT.canvases[0]), terminal=True, vocab_size=2048)
    assert "step 2" in text and "\x1b[38;2;80;200;90m" in text  # what is certain is green
    assert text.index("step 2") < text.index("canvas 1")


def test_a_refused_call_is_shown_with_its_fault() -> None:
    bad = ToolCallPart("", None, "c2", raw="<|tool_call>add<tool_call|>", fault="no name")
    text = shown(Lines, ToolCallFinished(bad, ToolResult("c2", "", "no name", is_error=True)))
    assert "<|tool_call>add<tool_call|>" in text and "result    no name" in text
    assert describe_call(bad) == bad.raw


def test_a_run_without_an_answer_says_why() -> None:
    stopped: AgentRunResult[str] = AgentRunResult("", "usage_limit", Usage(), stop_detail="turns")
    assert "stopped   usage_limit: turns" in shown(Lines, RunFinished(stopped))


def test_colours_go_from_green_to_red() -> None:
    assert colour(0.0) == "rgb(80,200,90)"
    assert colour(1.0) == colour(7.0) == "rgb(255,60,90)"


def test_what_cannot_be_printed_is_made_visible() -> None:
    assert visible("a\nb\x1b[2J") == "a↵b·[2J"


def test_text_of_others_has_its_lines_and_no_power_over_the_terminal() -> None:
    evil = "page\x1b]0;title\x07\n\x1b[2J\x9b1m\tend\r \u202eback\ud800"
    assert printable(evil) == "page·]0;title·\n·[2J·1m\tend· ·back·"
    assert printable(words := "1\xa0000 ✅ نمی\u200cخواهم") == words
    call = ToolCallPart("f", {"\x1b[8m\n": "\x1b"}, "c1")
    failed = ToolCallFinished(call, ToolResult("c1", "f", evil, is_error=True))
    answer: AgentRunResult[str] = AgentRunResult(evil, "finished", Usage())
    text = shown(Lines, failed, RunFinished(answer), DelegatedEvent("c2", "\x1b[5m", RunFinished(answer)))
    assert all(c.isprintable() or c == "\n" for c in text), text
    assert r"f(·[8m↵='\x1b')" in text and "answer    page·]0;title·\n" in text


def test_the_result_as_json() -> None:
    data = finished_as_json(RunFinished(RESULT))
    assert data["output"] == "three" and data["usage"]["turns"] == 2
    assert data["tool_calls"] == [{"name": "add", "arguments": {"a": 1, "text": "x"}, "result": 3, "is_error": False}]
    assert data["pending_calls"] == []
    assert data["canvases"] == [{"text": "call:add", "steps": 4, "reason": "stable", "seed": 9}]


def test_what_waits_for_a_person_is_in_the_json() -> None:
    waiting = ToolCallPart("pay", {"amount": 500}, "call_1", certainty={"amount": 0.75})
    stopped: AgentRunResult[str] = AgentRunResult("", "approval_required", Usage(), pending_calls=(waiting,))
    shown = {"id": "call_1", "name": "pay", "arguments": {"amount": 500}, "certainty": {"amount": 0.75}}
    assert json.loads(json.dumps(finished_as_json(RunFinished(stopped))))["pending_calls"] == [shown]
