"""What an evaluation comes to: table, JSON and a page."""

import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from agentkit import Agent, ModelSettings, tool
from agentkit.evaluation import Case, Evaluation, ExpectedCall, Variant, evaluate, report
from agentkit.testing import FunctionModel, call

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script> & \"'"


@tool
def note(text: str) -> str:
    return "noted"


@pytest.fixture
async def evaluation() -> Evaluation:
    def reply(request):
        if request.settings.constraints is False and "two" in request.messages[0].text:
            return call("note", text=3)
        if hasattr(request.messages[-1], "results"):
            return f"noted {EVIL}"
        return call("note", text=request.messages[0].text)

    cases = [
        Case(f"{name} {EVIL}", id=name, calls=(ExpectedCall("note"),), contains=("noted",)) for name in ("one", "two")
    ]
    variants = [Variant(name="held"), Variant(name=f"free {EVIL}", settings=ModelSettings(constraints=False))]
    return await evaluate(Agent(FunctionModel(reply), tools=[note], retries=0), cases, variants)


async def test_the_table_has_a_row_for_each_variant(evaluation):
    console = Console(width=80)
    with console.capture() as shown:
        console.print(evaluation.table())
    held, free = [line for line in shown.get().splitlines() if "held" in line or "free" in line]
    assert held.count("100.0%") == 4 and "1.0" in held
    assert free.count("50.0%") == 4
    assert "…" not in shown.get()  # nothing is cut off


async def test_the_json_has_figures_and_outcomes(evaluation, tmp_path: Path):
    evaluation.save(tmp_path / "e.json")
    held, free = json.loads((tmp_path / "e.json").read_text())["variants"]
    assert held["figures"]["passed"] == {
        "share": 1.0,
        "count": 2,
        "of": 2,
        "low": pytest.approx(0.342, abs=1e-3),
        "high": 1.0,
    }
    assert free["figures"]["valid_calls"]["share"] == 0.5
    assert free["settings"] == {"constraints": False}
    two = free["outcomes"][1]
    assert two["calls"] == [{"name": "note", "arguments": {"text": 3}, "valid": False}]
    assert (two["passed"], two["stop_reason"], two["output"]) == (False, "retries_exhausted", None)
    assert held["outcomes"][0]["steps"] == held["outcomes"][0]["canvases"] == 2


class Page(HTMLParser):
    """What a page holds: tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_page_needs_nothing_else_and_shows_every_case(evaluation, tmp_path: Path):
    report(evaluation, tmp_path / "e.html", title=f"Mine {EVIL}")
    source = (tmp_path / "e.html").read_text()
    page = Page(source)
    assert page.open == []  # whatever was opened was closed
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.tags)
    assert page.text.count(EVIL) >= 8  # title, variants, prompts and answers, all as text
    cells = [attributes.get("class") for tag, attributes in page.tags if tag == "td"]
    assert (cells.count("right"), cells.count("wrong")) == (3, 1)
    assert page.text.count("not the expected calls") == page.text.count("(invalid)") == 1
    assert "stopped: retries_exhausted" in page.text and "there is no answer" in page.text


async def test_cases_without_ids_have_rows_of_their_own(tmp_path: Path):
    agent = Agent(FunctionModel(lambda request: request.messages[-1].text))
    report(await evaluate(agent, [Case("one", answer="one"), Case("two", answer="1")]), tmp_path / "e.html")
    cells = [attributes.get("class") for tag, attributes in Page((tmp_path / "e.html").read_text()).tags if tag == "td"]
    assert (cells.count("right"), cells.count("wrong")) == (1, 1)


async def test_what_is_no_text_does_not_lose_the_results(tmp_path: Path):
    def reply(request):
        raise OSError("no file caf\udce9.txt")

    evaluation = await evaluate(Agent(FunctionModel(reply)), [Case("?", id="a", calls=())])
    evaluation.save(tmp_path / "e.json")
    report(evaluation, tmp_path / "e.html")
    for name in ("e.json", "e.html"):
        assert "no file caf?.txt" in (tmp_path / name).read_text()


async def test_the_plots_are_right(evaluation, tmp_path: Path):
    report(evaluation, tmp_path / "e.html")
    source = (tmp_path / "e.html").read_text()
    plots = [f"<svg{part.split('</svg>')[0]}</svg>" for part in source.split("<svg")[1:]]
    shares, steps, times = map(ElementTree.fromstring, plots)
    space = "{http://www.w3.org/2000/svg}"
    bars = [float(bar.get("width")) for bar in shares.iter(f"{space}rect") if bar.get("fill")]
    assert len(bars) == 8  # four shares of two variants
    assert bars[0::2] == [bars[0]] * 4 and bars[1::2] == pytest.approx([bars[0] / 2] * 4)
    assert len(list(steps.iter(f"{space}circle"))) == len(list(times.iter(f"{space}circle"))) == 4
