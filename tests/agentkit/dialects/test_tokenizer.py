import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.dialects import GEMMA_MARKERS, Tokenizer, TokenizerError

texts = st.lists(st.text() | st.sampled_from([*GEMMA_MARKERS, "<unk>", "\u2581", "<0x41>", "<|", "|>"])).map("".join)


@cache
def unflagged(text: str) -> Tokenizer:
    """The same vocabulary, where the markers are added tokens that are not called special."""
    definition = json.loads(text)
    for token in definition["added_tokens"]:
        token["special"] = False
    return Tokenizer(json.dumps(definition))


@settings(deadline=None)
@given(text=texts)
def test_any_text_survives_and_holds_no_control_token(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert not any(map(tokenizer.is_control, ids))
    assert tokenizer.decode(ids) == text
    assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()


@settings(deadline=None, max_examples=40)
@given(text=texts)
def test_markers_that_are_not_flagged_as_special_are_guarded_as_well(tokenizer: Tokenizer, text: str) -> None:
    plain = unflagged(tokenizer._definition)
    ids = plain.encode(text)
    assert not set(ids) & set(plain.control.values())
    if "<unk>" not in text:
        assert plain.decode(ids) == text


def test_so_are_any_number_of_them(tokenizer: Tokenizer) -> None:
    plain, text = unflagged(tokenizer._definition), "<eos>" * 1200
    assert plain.decode(plain.encode(text)) == text


def test_control_tokens_come_by_name_and_show_on_request(tokenizer: Tokenizer) -> None:
    ids = [tokenizer.control["<|turn>"], *tokenizer.encode("hi"), tokenizer.control["<turn|>"]]
    assert tokenizer.decode(ids) == "hi"
    assert tokenizer.decode(ids, markers=True) == "<|turn>hi<turn|>"
    assert tokenizer.token_text(ids[0]) == "<|turn>"
    assert tokenizer.control_names[ids[-1]] == "<turn|>"


def test_gemmas_ids(gemma_shaped) -> None:
    control = gemma_shaped.tokenizer.control
    names = ("<eos>", "<|tool_call>", "<|tool_response>", '<|"|>', "<turn|>")
    assert [control[name] for name in names] == [1, 48, 50, 52, 106]
    encoded = [gemma_shaped.tokenizer.encode(text) for text in (":", "{", "}", "\n")]
    assert encoded == [[236787], [236782], [236783], [107]]
    assert gemma_shaped.stop_tokens == {1, 50, 106}


def test_lone_surrogates_become_replacement_characters(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a\ufffdb"
    assert tokenizer.decode(tokenizer.encode("\ud83d\ude00")) == "\U0001f600"


def test_an_unknown_id_is_shown_as_a_replacement_character(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode([10**6, -1]) == "\ufffd\ufffd"


def test_a_vocabulary_without_the_markers_is_refused_by_name(tokenizer: Tokenizer) -> None:
    definition = json.loads(tokenizer._definition)
    definition["added_tokens"] = [token for token in definition["added_tokens"] if "channel" not in token["content"]]
    for name in ("<|channel>", "<channel|>"):
        del definition["model"]["vocab"][name]
    with pytest.raises(TokenizerError, match=r"lacks the control tokens <\|channel> <channel\|>"):
        Tokenizer(json.dumps(definition))


def test_files_and_folders(tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizer.json").write_text(tokenizer._definition, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    at_home = Tokenizer.from_pretrained(f"~/{tmp_path.name}")
    for read in (Tokenizer.from_file(tmp_path / "tokenizer.json"), Tokenizer.from_pretrained(tmp_path), at_home):
        assert read.control == tokenizer.control
        assert read.vocab_size == tokenizer.vocab_size
    with pytest.raises(TokenizerError, match="cannot read the tokenizer"):
        Tokenizer.from_pretrained(tmp_path.parent)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TokenizerError, match=r"no tokenizer\.json"):
        Tokenizer.from_pretrained(tmp_path)


def test_importing_dialects_loads_no_tokenizer_library() -> None:
    code = "import sys, agentkit.dialects; sys.exit(bool({'tokenizers', 'transformers', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
