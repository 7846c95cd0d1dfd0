"""How certain a checkpoint is, fitted to how often it is right."""

import shutil
from pathlib import Path

import anyio

from agentkit import Agent, ModelSettings
from agentkit.bundled import folder
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import Defaults, read_defaults, write_defaults
from agentkit.models.diffusion import DiffusionModel
from agentkit_recipe.calibrate import calibrate
from agentkit_recipe.conversation import evaluation_case
from agentkit_recipe.figures import Outcome, calibration


def add_item(item: str) -> str:
    """Add an item to the shopping list."""
    return "added"


def certainty(model: Path) -> float:
    agent = Agent(DiffusionModel.from_pretrained(model), tools=[add_item], model_settings=ModelSettings(seed=0))
    result = anyio.run(agent.run, "Add milk to the shopping list")
    return result.tool_calls[0].call.certainty["item"]


def test_the_map_is_kept_with_the_checkpoint_and_applied(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(folder(), model)
    settings = ModelSettings(max_tools=7)
    write_defaults(model, Defaults(settings=settings))
    raw = certainty(model)
    found = calibrate(model, cases=6, sets=["known"])
    assert found.raw and read_defaults(model) == Defaults(settings=settings, calibration=found)
    write_defaults(model, Defaults(calibration=Calibration((0.0, 1.0), (0.0, 0.5))))
    assert certainty(model) == raw / 2


def test_the_error_is_that_of_what_is_told() -> None:
    _, case = evaluation_case("known", 0)
    outcomes = [Outcome(case, certainty=[(0.9, index < 6)]) for index in range(10)]
    assert calibration(outcomes)["expected_calibration_error"] == 0.3
    told = Calibration((0.9,), (0.6,))
    assert calibration(outcomes, told)["expected_calibration_error"] == 0.0
