"""Tuning from end to end, for a moment: the real bundled model, real files."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agentkit import Agent, ModelSettings, Tool, UserError
from agentkit.bundled import folder as bundled_folder
from agentkit.evaluation import Case, ExpectedCall, read_cases
from agentkit.models import load_model
from agentkit_recipe.settings import TrainSettings
from agentkit_recipe.tune import Tuning, run, tune
from agentkit_recipe.tune import tuning as module
from agentkit_recipe.tune.plan import Plan
from agentkit_recipe.tune.run import TuneRun


def set_extraction(power: int) -> str:
    """Adjust the dust extraction."""
    return "adjusted"


EXAMPLES = [
    Case(prompt, calls=(ExpectedCall("set_extraction", {"power": power}),))
    for prompt, power in (("dust 5", 5), ("air 9", 9), ("on 7", 7))
]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of two requests."""

    def settings(shards: int, seed: int) -> TrainSettings:
        return TrainSettings(
            seed=seed, steps=10**9, warmup=2, drill_steps=0, shards=1, prefixes=1, branches=2, canvases=1
        )

    monkeypatch.setattr("agentkit_recipe.tune.tuning.settings_for", settings)


def tuned(out: Path, **changes: Any) -> Tuning:
    return tune([set_extraction], out, **{"examples": EXAMPLES, "minutes": 0.02, **changes})


def test_a_checkpoint_that_an_agent_loads(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    threads = torch.get_num_threads()
    found = tuned(out)
    assert found.finished and found.steps >= 1 and found.seconds >= 1
    assert torch.get_num_threads() == threads
    assert set(found.before) == set(found.after) == {"phrasings", "generated", "refusals"}
    assert found.before["phrasings"].cases == 1 and found.after["generated"].cases == 5
    kept = read_cases(out / "tuning" / "held_out.jsonl")
    assert [case.id for case in kept][:2] == ["phrasings 0", "generated 0"] and len(kept) == 10
    report = json.loads((out / "tuning" / "report.json").read_text())
    assert report["after"]["generated"]["exact"] == found.after["generated"].exact
    model: Any = load_model(str(out))
    assert model.settings.constraints.grounding == "inferred" and model.settings.max_tools == 6
    result = Agent(str(out), tools=[set_extraction], model_settings=ModelSettings(seed=0)).run_sync("dust 5")
    assert result.stop_reason in ("finished", "usage_limit", "stuck")
    again = tuned(out)  # done already: measured once more, and no step is made
    assert again.steps == found.steps and again.before == found.before


def test_interrupted_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = TuneRun.train_step

    def told_in_the_second_step(self: TuneRun) -> dict[str, float]:
        if self.step == 1:
            signal.raise_signal(signal.SIGINT)
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(TuneRun, "train_step", told_in_the_second_step)
        patch.setattr("agentkit_recipe.tune.tuning.measure.measure", measured_nothing)
        stopped = tuned(tmp_path / "mine", minutes=1.0)
    assert not stopped.finished and stopped.steps == 2 and not stopped.after
    assert not (tmp_path / "mine" / "model.safetensors").exists()
    monkeypatch.setattr("agentkit_recipe.tune.tuning.measure.measure", measured_nothing)
    monkeypatch.setattr(TuneRun, "train_step", in_no_time)
    done = tuned(tmp_path / "mine", minutes=(stopped.seconds + 1.5) / 60)
    assert done.finished and done.steps > 2 and done.seconds > stopped.seconds + 0.5
    assert (tmp_path / "mine" / "model.safetensors").exists()


def measured_nothing(
    model: Any, tools: Any, sets: Any, advance: Callable[[], None]
) -> tuple[dict[str, Any], list[Any]]:
    return {}, []


def in_no_time(self: TuneRun) -> dict[str, float]:
    time.sleep(0.05)
    self.step += 1
    return {"loss": 1.0, "causal": 1.0, "accuracy": 0.0}


def test_the_rate_falls_to_zero_with_the_time(tmp_path: Path) -> None:
    plan = Plan((), (), {})
    settings = TrainSettings(warmup=2, shards=1)
    found = TuneRun(tmp_path, tokenizer_of_the_bundled(), settings, plan.tools, refused=(), budget=100.0)
    rates = []
    for found.step, found.seconds in ((0, 0.0), (1, 1.0), (5, 40.0), (9, 70.0), (20, 100.0), (21, 120.0)):
        rates.append(round(found.schedule(), 2))
    assert rates == [0.5, 1.0, 1.0, 0.5, 0.0, 0.0]
    assert found.reached == found.total == 100


def test_steps_are_compiled_where_that_works_and_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_a_compiler(*args: Any, **options: Any) -> Any:
        raise RuntimeError("no g++")

    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    assert run.speed_for(600).compiler == "inductor" and run.speed_for(60).compiler is None
    monkeypatch.setattr(torch, "compile", without_a_compiler)
    assert run.speed_for(600).compiler is None


def test_products_are_in_half_precision_where_cores_have_units_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for known, half in (({"amx_bf16": True}, True), ({"avx512_bf16": True}, False), ({}, False)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=known: known, raising=False)
        assert run.speed_for(60).bfloat16 is half


def tokenizer_of_the_bundled() -> Any:
    from agentkit.dialects.tokenizer import Tokenizer

    return Tokenizer.from_pretrained(bundled_folder())


def test_what_stands_in_the_way_is_told_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, full = tmp_path / "file", tmp_path / "full"
    file.write_text("mine")
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        tuned(file)
    with pytest.raises(UserError, match="holds files and no tuning"):
        tuned(full)
    assert file.read_text() == "mine" and [path.name for path in full.iterdir()] == ["thesis.txt"]

    monkeypatch.setattr("agentkit_recipe.tune.tuning.measure.measure", measured_nothing)
    monkeypatch.setattr(TuneRun, "train_step", in_no_time)
    out = tmp_path / "mine"
    tuned(out, minutes=0.011)
    with pytest.raises(UserError, match=r"a tuning to other tools, examples or weights.*--restart"):
        tuned(out, examples=EXAMPLES[:2])
    assert (out / "tuning" / "checkpoint.pt").exists()
    assert tuned(out, examples=EXAMPLES[:2], restart=True, minutes=0.011).finished


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": 0}, "--minutes 0"),
        ({"model": "nowhere"}, "nowhere is no folder of a DiffusionGemma checkpoint"),
        ({"examples": [Case("x", calls=(ExpectedCall("other"),))]}, "none of the tools"),
    ],
)
def test_what_can_not_be_done_leaves_no_folder(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        tuned(tmp_path / "mine", **changes)
    assert not (tmp_path / "mine").exists()


def test_a_tool_without_any_words_is_told(tmp_path: Path) -> None:
    silent = Tool.from_schema(lambda: None, name="silent", description="", json_schema={"type": "object"})
    with pytest.raises(UserError, match="'silent' has no description: write a docstring"):
        tune([silent], tmp_path / "mine")


def test_a_checkpoint_of_other_sizes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentkit_recipe.tune.tuning.measure.measure", measured_nothing)

    def other(self: TuneRun, checkpoint: Path) -> None:
        raise ValueError(f"{checkpoint} is of another architecture: x differs")

    monkeypatch.setattr(TuneRun, "start_from", other)
    with pytest.raises(UserError, match=r"another architecture.*bundled model's sizes"):
        tuned(tmp_path / "mine")


def test_as_many_threads_as_there_are_cores() -> None:
    assert 1 <= module.available_cores() <= 8
    assert run.settings_for(3, 1).shards == 3
