"""`tune`: from functions to a checkpoint that calls them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit import bundled
from agentkit.dialects.tokenizer import Tokenizer
from agentkit.errors import UserError
from agentkit.evaluation import Case
from agentkit.evaluation.judge import Outcome
from agentkit.models.defaults import Defaults, read_defaults, write_defaults
from agentkit.models.local import is_checkpoint
from agentkit.tools import Tool, collect_tools

from ..export import export
from ..progress import Progress
from ..train import go_on
from . import measure
from .plan import Plan, make_plan
from .run import TuneRun, one_thread_a_shard, settings_for, speed_for
from .workers import hired

FOLDER = "tuning"  # within the checkpoint's: what is needed to go on, and what was measured
ASKED = "asked.json"
REPORT = "report.json"
LEAST_MINUTES = 0.01


@dataclass(frozen=True)
class Tuning:
    """What came of it. `finished` is False where it was interrupted; the same call then goes on.

    before, after  figures by held-out set, see `plan`
    wrong          held-out cases that went wrong after it, each in a line
    """

    folder: Path
    finished: bool
    steps: int
    seconds: float
    before: measure.Measured
    after: measure.Measured
    wrong: tuple[str, ...] = ()


def tune(
    tools: Iterable[Any],
    out: str | Path,
    *,
    examples: Iterable[Case] = (),
    held_out: Iterable[Case] | None = None,
    minutes: float = 10.0,
    model: str = "bundled",
    threads: int | None = None,
    seed: int = 0,
    restart: bool = False,
    save_every: float = 1.0,
) -> Tuning:
    """Tunes a small model to the tools, on this machine, and writes a checkpoint that `Agent(out)` loads.

    Args:
        tools: functions, or `Tool`s.
        out: a folder that isn't there yet, or in which the same tuning was begun: then it goes on.
        examples: what somebody might say, each with the call that is right; see `agentkit.evaluation.Case`.
        held_out: cases to measure with. Without them, some of the examples are kept out.
        minutes: of training. Making data and measuring take another one or two.
        model: the checkpoint to begin with, "bundled" or a folder of the same architecture.
        threads: one for each part of a step, in a process of its own; as many as there are cores where it isn't said,
            at most 8.
        restart: throws away what an earlier tuning left in `out`.
        save_every: minutes after which what was learned is stored.

    Interrupted (SIGINT, SIGTERM) while it trains, it stores what it has and returns.

    Raises:
        UserError: for tools, examples or a folder that it can't be done with.
    """
    if minutes < LEAST_MINUTES:
        raise UserError(f"--minutes {minutes:g}: tuning takes some minutes; 10 is a good start.")
    collected = collect_tools(tools)
    base = bundled.folder() if model == "bundled" else Path(model).expanduser()
    if not is_checkpoint(base):
        raise UserError(f"{model} is no folder of a DiffusionGemma checkpoint, nor 'bundled'.")
    tokenizer = Tokenizer.from_pretrained(base)
    plan = make_plan(collected, tokenizer, examples, held_out)
    folder = Path(out).expanduser()
    open_folder(folder, plan.fingerprint(digest(base / "model.safetensors"), seed), restart)
    work = folder / FOLDER
    measure.save_cases(work / "held_out.jsonl", plan.held_out)

    before = measured_before(base, collected, plan, work)
    speed = speed_for(minutes * 60)
    run = TuneRun(
        work,
        tokenizer,
        settings_for(threads or available_cores(), seed),
        plan.tools,
        refused=plan.refused,
        budget=minutes * 60,
        speed=speed,
    )
    if not run.load():
        start(run, base)
    with one_thread_a_shard(), hired(run, base / "tokenizer.json", speed) as run.workers:
        go_on(run, "tuning, in seconds", minutes=None, save_every=save_every)
    if run.reached < run.total:
        return Tuning(folder, False, run.step, run.seconds, before, {})
    export(run.model, tokenizer, base / "tokenizer.json", folder)
    settings = read_defaults(base).settings.merge(measure.SETTINGS)
    write_defaults(folder, Defaults(settings=settings))
    after, wrong = measured(folder, list(collected.values()), plan, "measuring after")
    lines = tuple(measure.shown(case, outcome) for case, outcome in wrong)
    found = Tuning(folder, True, run.step, run.seconds, before, after, lines)
    write_report(work / REPORT, found)
    return found


def open_folder(folder: Path, fingerprint: str, restart: bool) -> None:
    """Makes the folder, or goes on in it. Raises `UserError` for one that is something else."""
    asked = folder / FOLDER / ASKED
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder} is a file; name a folder that isn't there yet.")
    if asked.exists():
        known = json.loads(asked.read_text(encoding="utf-8")).get("fingerprint")
        if known == fingerprint:
            return
        if not restart:
            raise UserError(
                f"--out {folder} holds a tuning to other tools, examples or weights: name another folder, or give "
                f"--restart to begin anew there."
            )
        shutil.rmtree(folder / FOLDER)
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"--out {folder} holds files and no tuning: name a folder that isn't there yet.")
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")


def start(run: TuneRun, base: Path) -> None:
    try:
        run.start_from(base)
    except ValueError as error:
        raise UserError(f"{error}. Only checkpoints of the bundled model's sizes can be tuned.") from None


def measured_before(model: Path, tools: Mapping[str, Tool], plan: Plan, work: Path) -> dict[str, measure.Figures]:
    """What the model does before it is tuned; measured once."""
    path = work / "before.json"
    if path.exists():
        return measure.from_json(json.loads(path.read_text(encoding="utf-8")))
    figures, _ = measured(model, list(tools.values()), plan, "measuring before")
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(measure.as_json(figures), indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)
    return figures


def measured(
    model: Path, tools: Sequence[Tool], plan: Plan, title: str
) -> tuple[dict[str, measure.Figures], list[tuple[Case, Outcome]]]:
    with Progress(title, total=sum(map(len, plan.held_out.values()))) as progress:
        return measure.measure(model, tools, plan.held_out, progress.advance)


def write_report(path: Path, tuning: Tuning) -> None:
    found = {
        "steps": tuning.steps,
        "seconds": round(tuning.seconds, 1),
        "before": measure.as_json(tuning.before),
        "after": measure.as_json(tuning.after),
        "wrong": tuning.wrong,
    }
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def available_cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
