"""The pytest plugin, in test suites of its own."""

import pytest

from agentkit import Agent, UserError
from agentkit.models import load_model
from agentkit.testing import ScriptedModel, allow_models, forbid_models

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester):
    """Runs tests as a user's project does: pytest in a process of its own."""

    def run(source: str, *options: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "agentkit.testing.plugin", "--strict-markers", *options)

    return run


OPENS = """
import pytest
from agentkit import Agent, ModelNotFoundError, UserError
from agentkit.models import load_model

def opens_a_model():  # and finds none of that name, where it is allowed to
    with pytest.raises(ModelNotFoundError, match="name is empty"):
        Agent(" ").run_sync("?")

def test_plain():
    with pytest.raises(UserError, match="may not be opened: tests use no real models unless"):
        Agent(" ").run_sync("?")

@pytest.mark.allow_models
def test_marked():
    opens_a_model()

def test_with_fixture(allow_models):
    opens_a_model()
"""


def test_real_models_are_forbidden_unless_a_test_asks_for_them(suite):
    suite(OPENS).assert_outcomes(passed=3)


@pytest.mark.parametrize(("options", "ini"), [(["--allow-models"], ""), ([], "agentkit_models = allow")])
def test_all_tests_may_be_allowed(suite, options, ini):
    suite(OPENS, *options, ini=ini).assert_outcomes(passed=2, failed=1)


def test_a_wrong_setting_is_refused(suite):
    assert suite("def test(): pass", ini="agentkit_models = maybe").ret == pytest.ExitCode.USAGE_ERROR


def test_models_of_wider_fixtures_and_of_collection_are_forbidden_too(suite):
    result = suite(
        """
        import pytest
        from agentkit.models import load_model

        @pytest.fixture(scope="session")
        def model():
            return load_model(" ")

        def test_it(model): ...
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*may not be opened*"])


CASSETTE = """
from agentkit import Agent, ModelSettings
from agentkit.testing import toy_model

def test_it(cassette):
    agent = Agent(cassette(toy_model), model_settings=ModelSettings(seed=3))
    result = agent.run_sync("Write.")
    assert result.usage.denoising_steps > 0
"""


def test_a_cassette_is_recorded_when_asked_for_and_played_from_then_on(suite, pytester):
    missing = suite(CASSETTE)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["*There is no cassette*: run pytest --record-cassettes."])
    suite(CASSETTE, "--record-cassettes").assert_outcomes(passed=1)
    (tape,) = (pytester.path / "cassettes").rglob("*.json")
    assert tape.name == "test_it.json"
    without_engine = CASSETTE.replace("from agentkit.testing import toy_model", "toy_model = None")
    suite(without_engine).assert_outcomes(passed=1)


SEVERAL = """
import pytest
from agentkit import Agent
from agentkit.testing import toy_model

def ask(model, prompt):
    assert Agent(model).run_sync(prompt).usage.denoising_steps > 0

class TestTea:
    def test_it(self, cassette):
        ask(cassette(toy_model), "Tea?")

class TestMilk:
    def test_it(self, cassette):
        ask(cassette(toy_model), "Milk?")

@pytest.mark.parametrize("item", ["a_b", "a/b", "a_b_"])
def test_it(cassette, item):
    ask(cassette(toy_model), item)

def test_it_a_b(cassette):
    ask(cassette(toy_model), "Both?")

@pytest.mark.parametrize("item", ["tea and " * 40])
def test_much(cassette, item):
    ask(cassette(toy_model), item)
"""


def test_each_test_has_a_tape_of_its_own(suite, pytester):
    suite(SEVERAL, "--record-cassettes").assert_outcomes(passed=7)
    names = sorted(tape.name for tape in (pytester.path / "cassettes").rglob("*.json"))
    assert names[:2] == ["TestMilk.test_it.json", "TestTea.test_it.json"]
    assert len(names) == 7 and {"test_it[a_b].json", "test_it_a_b.json"} < set(names)
    suite(SEVERAL).assert_outcomes(passed=7)


def test_the_latest_word_counts_and_scripted_models_are_always_allowed():
    with forbid_models("not here"):
        with pytest.raises(UserError, match="'bundled' may not be opened: not here"):
            load_model("bundled")
        with allow_models(), pytest.raises(UserError, match="empty"):
            load_model("")
        with pytest.raises(UserError, match="not here"):
            Agent("bundled").run_sync("?")
        assert Agent(ScriptedModel(["fine"])).run_sync("?").output == "fine"
