"""Tuning the bundled model to one's own tools: `agentkit tune`, or `tune` from a program.

tune       the whole of it: data, training, measuring, the checkpoint
plan       what is learned from, and what is held out
tool       the requests that are made up for a tool (`templates` of examples, `wording` of descriptions, values by
           `drawing`)
packs      what a step learns from
run        training against the clock, in several processes (`workers`)
measure    how a model does on the held-out cases, through an `Agent`
"""

from .tuning import Tuning, tune

__all__ = ["Tuning", "tune"]
