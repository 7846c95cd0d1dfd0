"""The web example over a real socket: with httpx, and in a real browser where there is one."""

import json
import os
import runpy
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from agentkit import Agent, Assistant, ModelSettings
from agentkit.testing import FunctionModel, ScriptedModel, call
from agentkit_tools import calculate

EXAMPLE = Path(__file__).parents[2] / "examples" / "web_assistant.py"


@contextmanager
def serving(agent: Agent[Any, Any]) -> Iterator[tuple[str, Assistant[Any, Any]]]:
    """The example's server with this agent, on a port of its own."""
    assistant = Assistant(agent)
    app = runpy.run_path(str(EXAMPLE))["make_app"](assistant)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=5))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", assistant
        finally:
            server.should_exit = True
            thread.join()


def ask(client: httpx.Client, prompt: str, conversation: str = "c") -> list[dict[str, Any]]:
    told = []
    with client.stream("POST", "/ask", json={"prompt": prompt, "conversation": conversation}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line:
                assert line.startswith("data: ")
                told.append(json.loads(line.removeprefix("data: ")))
    return told


def test_the_canvas_the_call_and_the_answer_come_as_server_sent_events() -> None:
    agent = Agent("bundled", tools=[calculate], model_settings=ModelSettings(seed=0))
    with serving(agent) as (url, assistant), httpx.Client(base_url=url, timeout=60) as client:
        assert "<form>" in client.get("/").text
        told = ask(client, "Calculate 12 * 34")
        assert client.get("/state").json()["state"] == "ready"
        kinds = [event["kind"] for event in told]
        assert kinds[0] == "draft" and kinds[-1] == "answer" and "408" in told[-1]["text"]
        assert kinds.index("call") < kinds.index("result")
        assert any(text for event in told if event["kind"] == "draft" for text, colour in event["tokens"])
    assert assistant.state == "closed"


def test_each_page_has_a_conversation_of_its_own() -> None:
    agent = Agent(FunctionModel(lambda request: str(len(request.messages))))
    with serving(agent) as (url, _), httpx.Client(base_url=url) as client:
        assert [ask(client, "?", name)[-1]["text"] for name in ("a", "a", "b")] == ["1", "3", "1"]


def test_a_page_that_goes_away_cancels_its_run() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        """Never comes back."""
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    with serving(Agent(ScriptedModel([call("forever")]), tools=[forever])) as (url, _):
        with httpx.Client(base_url=url) as client:
            with client.stream("POST", "/ask", json={"prompt": "?", "conversation": "c"}) as response:
                assert next(line for line in response.iter_lines() if '"call"' in line)
        assert cancelled.wait(60)


def test_what_goes_wrong_is_told_to_the_page() -> None:
    with serving(Agent("/no/such/folder")) as (url, _), httpx.Client(base_url=url) as client:
        (told,) = ask(client, "?")
        assert told["kind"] == "error" and "no such folder" in told["text"]
        for body in (b"", b"[]", b'{"prompt": "?"}'):
            assert client.post("/ask", content=body).status_code == 400


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium to drive here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "window-size=900,700",
        f"user-data-dir={tmp_path}",
    ):
        options.add_argument(f"--{argument}")
    with webdriver.Chrome(options, Service(driver)) as browser:
        yield browser


def test_a_browser_shows_the_settled_canvas_and_the_answer(browser: webdriver.Chrome) -> None:
    agent = Agent("bundled", tools=[calculate], model_settings=ModelSettings(seed=0))
    with serving(agent) as (url, _):
        browser.get(url)
        assert button(browser).text == "Ask"
        browser.find_element(By.NAME, "prompt").send_keys("Calculate 12 * 34\n")
        answer = until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#log .answer"))[0]
        assert "408" in answer.text
        said = [line.text for line in browser.find_elements(By.CSS_SELECTOR, "#log p")]
        assert said[:3] == ["Calculate 12 * 34", "calculate(expression='12 * 34')", "408"]
        tokens = browser.find_elements(By.CSS_SELECTOR, "#canvas span")
        assert len(tokens) > 5 and all(token.value_of_css_property("color").startswith("rgb") for token in tokens)
        assert until(browser, lambda: button(browser).text == "Ask")
        assert until(browser, lambda: browser.find_element(By.ID, "state").text == "ready")
        if picture := os.environ.get("WEB_ASSISTANT_PICTURE"):
            browser.save_screenshot(picture)


def test_the_stop_button_ends_the_run(browser: webdriver.Chrome) -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        """Never comes back."""
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    with serving(Agent(ScriptedModel([call("forever")]), tools=[forever])) as (url, _):
        browser.get(f"{url}/?ask=Go")
        until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#log .call"))
        assert button(browser).text == "Stop"
        button(browser).click()
        assert cancelled.wait(60)
        assert until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#log .error"))[0].text == "stopped"


def button(browser: webdriver.Chrome) -> WebElement:
    return browser.find_element(By.TAG_NAME, "button")


def until(browser: webdriver.Chrome, condition: Callable[[], Any]) -> Any:
    return WebDriverWait(browser, 60).until(lambda _: condition())
