"""Fits how certain a checkpoint is of its calls' arguments to how often they are right, and stores the map with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio

from agentkit import bundled
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.models.calibration import Calibration
from agentkit.models.defaults import read_defaults, write_defaults
from agentkit_model import CanvasPlan, Engine

from .evaluate import Evaluation
from .progress import Progress

SETS = tuple("known invented families composed several later follow_up chained".split())
"""Those in which calls are to be made, each as much."""

FIRST = 1_000_000  # the number of the first case: those that are evaluated are numbered from 0


def calibrate(model: Path, *, cases: int, sets: Sequence[str] = SETS) -> Calibration:
    """Runs held-out cases that no evaluation has, held to the schemas as the model is by default, and writes the map
    of the certainty of single arguments to the share that is right into the checkpoint's `agentkit.json`.

    It is right where requests are like these; of other tools the model may be less sure than it should, or more.
    """
    defaults = read_defaults(model)
    plan = CanvasPlan(review=defaults.settings.review)
    judged: list[tuple[float, bool]] = []
    with Engine.from_pretrained(model, device="cpu", dtype="float32") as engine:
        evaluation = Evaluation(engine, Tokenizer.from_pretrained(model), bundled.CONSTRAINTS, plan)
        with Progress("calibrating", total=cases * len(sets)) as progress:
            for name in sets:
                figures = anyio.run(evaluation.run, name, cases, progress.advance, FIRST)
                judged += [pair for outcome in figures.outcomes for pair in outcome.certainty]
    found = Calibration.fit(judged)
    write_defaults(model, replace(defaults, calibration=found))
    return found
