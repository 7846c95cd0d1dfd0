# ruff: noqa: E501 (tables of phrasings)
"""The same request in other registers: polite, terse, spoken, indirect, with context, misspelt.

What is worked on is the wording with {placeholders} in it: values are never touched.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TypeAlias

POLITE = ("please {x}", "{x}, please", "could you {x}", "can you {x}", "would you {x}", "could you please {x}",
          "can you {x} for me", "would you be so kind and {x}", "may I ask you to {x}", "kindly {x}")  # fmt: skip
INDIRECT = ("I would like to {x}", "I want to {x}", "I need to {x}", "I want you to {x}", "we have to {x}", "we should {x}",
            "help me {x}", "let us {x}", "go ahead and {x}", "make sure to {x}", "do not forget to {x}", "it is time to {x}",
            "I was asked to {x}", "my plan is to {x}", "any chance you could {x}", "I wonder if you can {x}")  # fmt: skip
SPOKEN = ("um, {x}", "ok, {x}", "so, {x}", "hey, {x}", "hi, {x}", "well, {x}", "ok so can you {x}", "right, {x}",
          "hey, um, can you {x}", "oh, and {x}", "alright, {x}", "hello, {x}", "just {x}", "quickly {x}")  # fmt: skip
CONTEXT = ("I am in a hurry.", "My boss just called.", "Sorry to bother you.", "One more thing.", "Here is my next wish.",
           "I just came home.", "We talked about it before.", "There is something to do.", "I forgot it this morning.",
           "Good morning.", "Hello again.", "Thanks for earlier.", "It is late already.")  # fmt: skip
ENDINGS = (", thanks", " for me", " now", " right away", ", it is urgent", " when you can", ", will you", ", ok")
ABOUT_QUESTIONS = ("so, {x}", "hey, {x}", "hi, {x}", "quick question: {x}", "tell me, {x}", "I wonder, {x}", "say, {x}",
                   "um, {x}", "ok, {x}", "one question, {x}")  # fmt: skip
ARTICLES = re.compile(r"\b(the|a|an|my|our) ")
IMPERATIVES = frozenset(
    """abort accept acknowledge activate add adjust admit allow alphabetize alter annotate announce answer append apply
    approve archive arrange ask assign attach authorise avoid backfill ban begin bind blame block book boost borrow
    brew bring build bump buy calculate call cancel capture cast challenge change charge check choose claim clean
    clear clone close collect combine commit compare compress compute connect convert cook copy count cover create
    crop deactivate declare decline defrost delay delete deliver deploy deprecate descale describe dial digitise dim
    disable dispense dispute divert divide do download draft drain drop email empty encode encrypt end enroll enter
    escalate evaluate exchange execute exit expand expire explain export extend extract feed fetch fill filter find
    fit fix flag flip flush focus follow force forward free freeze fuse generate get give grade grant halt hand hang
    harvest hash heat hire hit hold import include insert install introduce invalidate invite irrigate jump keep
    kick kill label leave lend let link lint list load locate lock log look lower mail make mark measure merge
    message migrate mount move mow mute navigate note notify observe offer open optimize order pack paint pair pass
    pause pay phone pick pin ping place plan plant play post postpone predict preheat prepare print promote
    pronounce propose protect provision publish pull purchase purge push put quote raise rate react read rebook
    recommend reconcile record redeem redirect refactor refund refuse register reject release reload remind remove
    rename renew repair repeat replace replay reply report reprocess requeue require rerun reschedule resell reserve
    reset resize resolve restart restore retract retry return reverse revert review revoke ring roast roll rollback
    rotate run save say scan schedule scrap scrape search secure select sell send set settle share shorten show
    silence simulate skip slugify snooze solve sort spell spin split start stop store stream submit subscribe
    substitute suggest suspend swap switch tag take teach tell terminate test text throw toss track trade train
    transcribe transfer translate triage trim truncate try tune turn undo unlock unpublish unscramble unsubscribe
    update upgrade upload use validate wake warm warn wash watch withdraw work write yank zip""".split()
)
"""How phrasings begin that say what to do: only behind these there is "could you" or "I want you to"."""
Register: TypeAlias = Callable[[str, random.Random], str]
LONG_WORD = re.compile(r"(?<![{\w])[a-z]{5,}(?![}\w])")


def imperative(wording: str, rng: random.Random) -> str:
    """A request that says what to do."""
    draw = rng.random()
    if draw < 0.35:
        pass
    elif draw < 0.5:
        wording = ARTICLES.sub("", wording)  # terse
    else:
        frames = rng.choice((POLITE, INDIRECT, SPOKEN))
        open_ended = wording.endswith("}")  # what follows a value might be taken for a part of it
        wording = rng.choice([f for f in frames if not open_ended or f.endswith("{x}")]).replace("{x}", wording)
        if not open_ended and rng.random() < 0.15:
            wording += rng.choice(ENDINGS)
    return finish(wording, rng, asks=wording.startswith(("can ", "could ", "would ", "may ", "any chance")))


def question(wording: str, rng: random.Random) -> str:
    """A request that asks for something."""
    if rng.random() < 0.25:
        wording = rng.choice(ABOUT_QUESTIONS).replace("{x}", wording)
    return finish(wording, rng, asks=True)


def statement(wording: str, rng: random.Random) -> str:
    """A request that only names what it is about."""
    return finish(wording, rng, asks=False)


def finish(wording: str, rng: random.Random, *, asks: bool) -> str:
    """Capital, end, context before it, a slip of the fingers."""
    if rng.random() < 0.06:
        wording = misspelt(wording, rng)
    if rng.random() < 0.5 and wording[0].isalpha():
        wording = wording[0].upper() + wording[1:]
    if rng.random() < 0.5:
        wording += "?" if asks else "."
    if rng.random() < 0.08:
        wording = f"{rng.choice(CONTEXT)} {wording}"
    return wording


def misspelt(wording: str, rng: random.Random) -> str:
    """One letter of one longer word lost, doubled or swapped with the next."""
    found = list(LONG_WORD.finditer(wording))
    if not found:
        return wording
    match = rng.choice(found)
    at = match.start() + rng.randint(1, len(match[0]) - 3)
    here, following = wording[at], wording[at + 1]
    slip = rng.choice(("", here * 2, following + here))
    return wording[:at] + slip + wording[at + (2 if len(slip) == 2 and slip[0] == following else 1) :]
