"""An assistant on a web page that shows canvases settle: run this file, then open http://127.0.0.1:8000

Needs starlette and uvicorn. Whoever can reach the address can use the tools: give it to nobody you would not let."""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentkit import (
    Agent,
    Answer,
    Assistant,
    CanvasDraft,
    Event,
    ModelSettings,
    RunFinished,
    ToolCallFinished,
    ToolCallStarted,
)
from agentkit.display import colour, describe_call, visible
from agentkit_tools import calculate, convert_units, current_time

PAGE = Path(__file__).with_suffix(".html")
NOISE = math.log(2048)  # nats of entropy of a token that could be any of the bundled model's vocabulary


def make_app(assistant: Assistant[Any, Any]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        assistant.start()  # the model loads while the server already answers
        yield
        await anyio.to_thread.run_sync(assistant.close)

    async def page(request: Request) -> Response:
        return FileResponse(PAGE)

    async def state(request: Request) -> Response:
        loading = assistant.loading
        return JSONResponse({"state": assistant.state, "stage": loading.stage, "fraction": loading.fraction})

    async def ask(request: Request) -> Response:
        try:
            question = await request.json()
            prompt, conversation = str(question["prompt"]), str(question["conversation"])
        except (ValueError, TypeError, KeyError):
            return JSONResponse({"error": "send a JSON object with prompt and conversation"}, status_code=400)
        answer = assistant.ask(prompt, conversation=conversation)
        return StreamingResponse(stream(answer), media_type="text/event-stream")

    routes = [Route("/", page), Route("/state", state), Route("/ask", ask, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


async def stream(answer: Answer[Any]) -> AsyncIterator[str]:
    """The answer as server-sent events. When the page goes away this is cancelled, and the run with it."""
    with answer:
        try:
            async for event in answer:
                for told in tell(event):
                    yield f"data: {json.dumps(told)}\n\n"
        except Exception as error:  # whatever it is, the page should say so
            yield f"data: {json.dumps({'kind': 'error', 'text': str(error)})}\n\n"


def tell(event: Event) -> list[dict[str, Any]]:
    match event:
        case CanvasDraft():
            tokens = [
                [visible(text), colour(entropy / NOISE)]
                for text, entropy in zip(event.texts, event.entropies, strict=True)
                if text != "<pad>"
            ]
            return [{"kind": "draft", "step": event.step, "tokens": tokens}]
        case ToolCallStarted(call):
            return [{"kind": "call", "text": describe_call(call)}]
        case ToolCallFinished():
            return [{"kind": "result", "text": str(event.result.content)}]
        case RunFinished(result):
            return [{"kind": "answer", "text": result.output or result.stop_detail}]
    return []


if __name__ == "__main__":
    tools = [calculate, convert_units, current_time]
    agent = Agent("bundled", tools=tools, model_settings=ModelSettings(seed=0))
    uvicorn.run(make_app(Assistant(agent, max_runs=4, max_conversations=100)), host="127.0.0.1", port=8000)
