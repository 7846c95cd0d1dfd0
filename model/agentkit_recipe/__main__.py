"""`python -m agentkit_recipe tokenizer | train | export | calibrate | evaluate`: makes and measures the model."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

EVALUATED = tuple(
    """known invented pairs families composed own_words conversation several missing later follow_up chained irrelevant
    chat""".split()
)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return int(options.run(options) or 0)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m agentkit_recipe", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("tokenizer", help="train the tokenizer")
    make.add_argument("--out", type=Path, required=True, help="the folder to write tokenizer.json to")
    make.add_argument("--vocab-size", type=int, default=2048)
    make.set_defaults(run=run_tokenizer)

    teach = commands.add_parser("train", help="train, or go on training, in a folder")
    teach.add_argument("--out", type=Path, required=True, help="the run's folder: checkpoint and curve")
    teach.add_argument("--tokenizer", type=Path, required=True)
    teach.add_argument("--weights", type=Path, help="a checkpoint to begin with, instead of random weights")
    teach.add_argument("--device", default="cpu")
    teach.add_argument("--threads", type=int, default=1, help="CPU threads of each shard")
    teach.add_argument("--minutes", type=float, help="stop after so many minutes; the same command goes on")
    teach.add_argument(
        "--bfloat16", action=argparse.BooleanOptionalAction, help="of matrix products; by default on a GPU"
    )
    teach.add_argument(
        "--compile", action="store_const", const="inductor", help="compiled by torch, with a C++ compiler"
    )
    teach.add_argument("--save-every", type=float, default=3.0, help="minutes between checkpoints")
    from .settings import TrainSettings

    for field in fields(TrainSettings):
        kind = type(field.default)
        teach.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default, dest=field.name)
    teach.set_defaults(run=run_train)

    write = commands.add_parser("export", help="write a run's weights as a checkpoint")
    write.add_argument("--run", type=Path, required=True, dest="source")
    write.add_argument("--tokenizer", type=Path, required=True)
    write.add_argument("--out", type=Path, required=True)
    write.add_argument(
        "--averaged", action="store_true", help="the moving average, which lags behind by some 500 steps"
    )
    write.add_argument("--blend", type=Path, help="a checkpoint that the run began with, to mix in")
    write.add_argument("--share", type=float, default=0.3, help="of that checkpoint's weights, with --blend")
    write.set_defaults(run=run_export)

    enlarge = commands.add_parser("grow", help="a deeper or wider checkpoint that computes the same, to be trained on")
    enlarge.add_argument("--model", type=Path, required=True)
    enlarge.add_argument("--layers", type=int)
    enlarge.add_argument("--hidden-size", type=int, help="channels between layers; heads and MLPs grow in proportion")
    enlarge.add_argument("--seed", type=int, default=0)
    enlarge.add_argument("--out", type=Path, required=True)
    enlarge.set_defaults(run=run_grow)

    judge = commands.add_parser("evaluate", help="measure a checkpoint on the held-out sets")
    judge.add_argument("--model", type=Path, required=True)
    judge.add_argument("--cases", type=int, default=200, help="cases of each set")
    judge.add_argument("--sets", nargs="*", default=EVALUATED, help="names, or known:1000 for so many of its cases")
    judge.add_argument("--quantization", choices=["int8", "int4", "float8"], help="with the weights in so many bits")
    judge.add_argument("--unread", action="store_true", help="without the second reading that agentkit.json asks for")
    judge.add_argument("--json", type=Path, help="write the figures to this file")
    judge.add_argument("--show", type=int, default=0, help="print so many wrong cases of each set")
    judge.set_defaults(run=run_evaluate)

    sure = commands.add_parser("calibrate", help="fit how certain a checkpoint is to how often it is right")
    sure.add_argument("--model", type=Path, required=True, help="the checkpoint, which keeps the map in agentkit.json")
    sure.add_argument("--cases", type=int, default=300, help="cases of each set, none of which is evaluated")
    sure.set_defaults(run=run_calibrate)
    return top


def run_tokenizer(options: argparse.Namespace) -> None:
    from .tokenizer import save_tokenizer

    print(save_tokenizer(options.out, vocab_size=options.vocab_size))  # noqa: T201


def run_train(options: argparse.Namespace) -> None:
    import torch

    from agentkit.dialects.tokenizer import Tokenizer

    from .settings import Speed, TrainSettings
    from .train import train

    torch.set_num_threads(options.threads)
    settings = TrainSettings(**{field.name: getattr(options, field.name) for field in fields(TrainSettings)})
    train(
        options.out,
        Tokenizer.from_file(options.tokenizer),
        settings,
        device=options.device,
        minutes=options.minutes,
        save_every=options.save_every,
        weights=options.weights,
        speed=Speed(options.bfloat16, options.compile),
    )


def run_export(options: argparse.Namespace) -> None:
    from agentkit.dialects.tokenizer import Tokenizer

    from .export import blend, export
    from .train import Run

    tokenizer = Tokenizer.from_file(options.tokenizer)
    run = Run.resume(options.source, tokenizer)
    model = run.averaged_model() if options.averaged else run.model
    if options.blend is not None:
        blend(model, options.blend, options.share)
    export(model, tokenizer, options.tokenizer, options.out)


def run_grow(options: argparse.Namespace) -> None:
    from .grow import grow

    grow(options.model, options.layers, options.hidden_size, seed=options.seed).save_pretrained(options.out)


def run_calibrate(options: argparse.Namespace) -> None:
    from .calibrate import calibrate

    calibrate(options.model, cases=options.cases)


def run_evaluate(options: argparse.Namespace) -> None:
    from .evaluate import evaluate

    evaluate(
        options.model,
        sets=options.sets,
        cases=options.cases,
        report=options.json,
        show=options.show,
        quantization=options.quantization,
        unread=options.unread,
    )


if __name__ == "__main__":
    raise SystemExit(main())
