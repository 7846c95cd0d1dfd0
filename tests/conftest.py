"""What all tests need."""

import signal
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, and that is no fault; what is drawn is the same each time, so that a failure is the change's.
settings.register_profile("agentkit", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
# pytest --hypothesis-profile=search looks for what nobody has found yet.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=1000)
settings.load_profile("agentkit")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Processes that tests start can be interrupted, also where the tests themselves run in the background of a shell,
    which has its children ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that may take long come first, so that where files are shared out to processes, none of these is
    left alone with them in the end."""
    longest: Counter[str] = Counter()
    for item in items:
        for mark in item.iter_markers("timeout"):
            longest[item.path.name] = max(longest[item.path.name], *mark.args)
    items.sort(key=lambda item: -longest[item.path.name])
