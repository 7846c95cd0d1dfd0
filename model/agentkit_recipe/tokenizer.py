"""The bundled model's tokenizer: byte-level BPE whose pieces a small model can copy.

Digits stand one by one, the space is a token of its own (" Paris" and "Paris" must not differ, or a copied word is
another token than the one in the request), `_` and runs of punctuation never join letters. Any text can be written:
bytes are the alphabet. The control tokens are Gemma's markers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from agentkit.dialects.gemma4_render import call_pieces, prompt_pieces, response_pieces, system_pieces, user_pieces
from agentkit.dialects.tokenizer import GEMMA_MARKERS
from agentkit.messages import ToolResult

from .cases import INSTRUCTIONS, Mix, ask, chat, choose_views, unserved
from .catalogue import KNOWN

PIECES = r"\d| |\n|_|[\p{L}\p{M}]+|[^\p{L}\p{M}\d _\n]+"


def corpus(packs: int, seed: int) -> Iterator[str]:
    """The plain text between the control tokens of conversations of the training split."""
    for index in range(packs):
        rng = random.Random(f"tokenizer/{seed}/{index}")
        views = choose_views(KNOWN, rng, Mix(invented_names=0.1))
        cases = ask(rng.choice(views), rng, "train"), unserved(views, rng, "train"), chat(rng)
        pieces = system_pieces(rng.choice(INSTRUCTIONS), [view.definition for view in views], thinking=False)
        for case in cases:
            pieces += [*user_pieces(case.prompt), *prompt_pieces(thinking=False), case.answer]
            if call := case.call:
                name = call.view.definition.name
                pieces += [*call_pieces(name, call.arguments), *response_pieces(ToolResult("", name, call.result))]
        yield from (piece for piece in pieces if isinstance(piece, str))


def make_tokenizer(vocab_size: int, *, packs: int = 6000, seed: int = 0) -> Backend:
    """Trains the tokenizer. The result depends on the arguments and the data version alone."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[AddedToken(marker, special=True, normalized=False) for marker in GEMMA_MARKERS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(corpus(packs, seed), trainer)
    return backend


def save_tokenizer(folder: Path, *, vocab_size: int, packs: int = 6000, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokenizer.json"
    make_tokenizer(vocab_size, packs=packs, seed=seed).save(str(path))
    return path
