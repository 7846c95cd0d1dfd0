"""Small tokenizers, built here: one byte-level, one shaped like Gemma's own (its ids, its kind of vocabulary).

The bundled model's tokenizer is the third, where it is there.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from agentkit.dialects import GEMMA_MARKERS, Gemma4, Tokenizer

CORPUS = [
    "system\nuser\nmodel\nthought\ncall:set_timer{minutes:5,label:tea}call:find{tags:[red,blue],limit:10}",
    "declaration:weather{description:The weather in a city,parameters:{properties:{city:{description:Name of the city,",
    "type:STRING}},required:[city],type:OBJECT}}response:weather{temperature:21.5,sky:clear}",
    "call:plan{steps:[{name:a,done:true},{name:b,done:false}],nested:{x:[[1,2],[3]],y:{}}}}}]}]]:[{:{ true false None",
    "What is the weather in Paris today? Please set a timer for ten minutes, then tell me when the tea is ready.",
    "unused properties nullable enum items anyOf INTEGER NUMBER BOOLEAN ARRAY description response value error\n\n",
] * 3

GEMMA_IDS = (
    {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<|tool>": 46, "<tool|>": 47}
    | {"<|tool_call>": 48, "<tool_call|>": 49, "<|tool_response>": 50, "<tool_response|>": 51, '<|"|>': 52}
    | {"<|think|>": 98, "<|channel>": 100, "<channel|>": 101, "<|turn>": 105, "<turn|>": 106}
    | {"\n": 107, "call": 6639, "thought": 45518, "{": 236782, "}": 236783, ":": 236787}
)


def byte_level_definition() -> str:
    """Byte-level BPE; digits one by one, the space a token of its own; markers at the front, in another order."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" |\d|[^ \d]+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=list(reversed(GEMMA_MARKERS)),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS, trainer)
    return str(backend.to_str())


def gemma_shaped_definition() -> str:
    """BPE over text whose spaces are U+2581, with byte fallback; the ids that are known of Gemma's vocabulary."""
    normalizer = normalizers.Replace(" ", "\u2581")
    trained = Backend(models.BPE(byte_fallback=True, unk_token="<unk>"))
    trained.normalizer = normalizer
    trained.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>"], show_progress=False)
    )
    model = json.loads(trained.to_str())["model"]
    pieces = [f"<0x{byte:02X}>" for byte in range(256)] + sorted(model["vocab"], key=model["vocab"].get)
    vocab = dict(GEMMA_IDS)
    vocab |= {piece: 238 + number for number, piece in enumerate(piece for piece in pieces if piece not in vocab)}
    merges = [tuple(merge) for merge in model["merges"]]
    backend = Backend(models.BPE(vocab, merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    backend.normalizer = normalizer
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    backend.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in (*GEMMA_MARKERS, "<unk>")])
    return str(backend.to_str())


BUNDLED = Path(__file__).parents[3] / "model/agentkit_model/bundled/tokenizer.json"
DEFINITIONS = {"byte-level": byte_level_definition, "gemma-shaped": gemma_shaped_definition}
if BUNDLED.exists():
    DEFINITIONS["bundled"] = lambda: BUNDLED.read_text(encoding="utf-8")


@pytest.fixture(scope="session", params=DEFINITIONS)
def tokenizer(request: pytest.FixtureRequest) -> Iterator[Tokenizer]:
    yield Tokenizer(DEFINITIONS[request.param]())


@pytest.fixture(scope="session")
def gemma(tokenizer: Tokenizer) -> Gemma4:
    return Gemma4(tokenizer)


@pytest.fixture(scope="session")
def gemma_shaped() -> Gemma4:
    """On the tokenizer that has Gemma's ids."""
    return Gemma4(Tokenizer(gemma_shaped_definition()))


@pytest.fixture(scope="session")
def write(tokenizer: Tokenizer) -> Callable[[str], list[int]]:
    """Tokens of a text in which markers are the control tokens, as a model would write them."""
    marker = re.compile("(" + "|".join(map(re.escape, GEMMA_MARKERS)) + ")")

    def write(text: str) -> list[int]:
        tokens: list[int] = []
        for part in marker.split(text):
            tokens += [tokenizer.control[part]] if part in tokenizer.control else tokenizer.encode(part)
        return tokens

    return write
