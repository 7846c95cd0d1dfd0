"""What a checkpoint's folder says about how its model is to be asked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import ModelSettings, UserError
from agentkit.models.defaults import FILE, Defaults, read_defaults, write_defaults
from agentkit.settings import Constraints

SETTINGS = st.builds(
    ModelSettings,
    max_tools=st.none() | st.integers(1, 50),
    seed=st.none() | st.integers(0, 9),
    constraints=st.none()
    | st.just(False)
    | st.builds(Constraints, grounding=st.sampled_from(["declared", "inferred"])),
    temperature=st.none() | st.just((0.8, 0.4)),
)


@given(SETTINGS)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, settings: ModelSettings) -> None:
    folder = tmp_path_factory.mktemp("checkpoint")
    write_defaults(folder, Defaults(settings=settings))
    assert read_defaults(folder) == Defaults(settings=settings)


def test_a_folder_or_hub_id_that_says_nothing_has_none(tmp_path: Path) -> None:
    assert read_defaults(tmp_path) == read_defaults("google/some-model") == Defaults()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"colour": 1}', '{"settings": {"max_tools": 0}}', '{"settings": {"x": 1}}']
)
def test_a_file_that_says_something_else_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match=rf"{FILE} doesn't hold a checkpoint's defaults .* delete it"):
        read_defaults(tmp_path)
