import random

import pytest

from agentkit_recipe.cases import Case, Mix, View, clash, composed_scene, dressed, with_aside
from agentkit_recipe.catalogue import KNOWN
from agentkit_recipe.composed import Composed
from agentkit_recipe.phrases import REFUSALS


@pytest.mark.parametrize("group", [("play_music", "play_artist"), ("find_notes", "find_text")])
def test_irrelevant_requests_fit_no_tool_in_view(group: tuple[str, str]) -> None:
    family = next(family for family in KNOWN if family.name == group[0])
    assert clash(family, {group[1]})


def test_a_composed_scene_keeps_what_it_refuses_out_of_view() -> None:
    rng = random.Random(0)
    for _ in range(100):
        scene = composed_scene(rng, Mix())
        shown = {view.definition.name for view in scene.views}
        assert len(shown) == len(scene.views) and not shown & {tool.definition.name for tool in scene.hidden}
        for tool in scene.hidden:
            assert not any(isinstance(view, Composed) and view.clashes(tool) for view in scene.views)
        case = scene.unserved(rng, "train", Mix())
        assert case.call is None and case.answer == REFUSALS[0]


def test_families_stand_beside_composed_tools_now_and_then() -> None:
    rng = random.Random(1)
    scenes = [composed_scene(rng, Mix()) for _ in range(100)]
    assert all(any(isinstance(view, Composed) for view in scene.views) for scene in scenes)
    assert 5 < sum(any(isinstance(view, View) for view in scene.views) for scene in scenes) < 50


def test_a_scene_serves_refuses_and_chats() -> None:
    rng = random.Random(2)
    scene = composed_scene(rng, Mix())
    cases = [scene.case(rng, "train", Mix()) for _ in range(200)]
    served = [case for case in cases if case.call is not None]
    refused = [case for case in cases if case.call is None and case.answer == REFUSALS[0]]
    assert len(served) > 120 and len(refused) > 20 and len(served) + len(refused) < 200
    assert {case.rounds[0][0].failed for case in served} == {True, False}


def test_an_aside_leaves_the_request_as_it_is() -> None:
    """Before it or behind it; a value keeps its capital."""
    rng = random.Random(4)
    case = Case("Berlin to Tokyo, please", (), "")
    prompts = [with_aside(case, rng, "train").prompt for _ in range(200)]
    assert all("erlin to Tokyo, please" in prompt for prompt in prompts)
    before = [prompt for prompt in prompts if prompt.endswith(case.prompt[1:])]
    assert 80 < len(before) < 160 and len({*prompts}) > 100
    assert all("{" not in prompt for prompt in prompts)


def test_only_what_says_what_to_do_gets_an_opening() -> None:
    rng = random.Random(2)
    said = [dressed("wifi password of {network}", {"network": "attic"}, rng, "train") for _ in range(60)]
    assert {prompt.lower().rstrip(".?") for prompt in said} == {"wifi password of attic"}
    asked = [dressed("tell me the wifi password", {}, rng, "train") for _ in range(60)]
    assert any(prompt.lower().startswith("can you tell") for prompt in asked)
