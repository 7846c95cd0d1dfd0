from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.dialects import Tokenizer
from agentkit.dialects.symbols import Symbols


def test_characters_over_several_tokens_have_their_whole_span(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("a\U0001f600")
    symbols = Symbols(tokenizer, tokens, frozenset())
    assert symbols.characters == ["a", "\U0001f600"]
    assert len(tokens) == 5
    assert (symbols.span(0, 1), symbols.span(1, 2), symbols.span(0, 2)) == ((0, 1), (1, 5), (0, 5))


def test_half_a_character_becomes_a_replacement_character_and_nothing_is_lost_around_it(tokenizer: Tokenizer) -> None:
    smile = tokenizer.encode("\U0001f600")
    turn = tokenizer.control["<|turn>"]
    tokens = [*smile[:2], turn, *smile[2:], *tokenizer.encode("x"), *smile[:1]]
    symbols = Symbols(tokenizer, tokens, frozenset())
    assert symbols.characters == ["\ufffd", "", "\ufffd", "\ufffd", "x", "\ufffd"]
    assert symbols.marks[1] == "<|turn>"
    assert [symbols.span(index, index + 1) for index in range(6)] == [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7)]


def test_reading_ends_at_the_stop_token(tokenizer: Tokenizer) -> None:
    stop = tokenizer.control["<turn|>"]
    symbols = Symbols(tokenizer, [*tokenizer.encode("hi"), stop, *tokenizer.encode("more")], frozenset({stop}))
    assert symbols.text(0, len(symbols)) == "hi"
    assert symbols.stop == stop and not symbols.open
    assert symbols.span(len(symbols), len(symbols)) == (symbols.end, symbols.end + 1)


@settings(deadline=None)
@given(data=st.data())
def test_spans_cover_every_token_in_order(tokenizer: Tokenizer, data: st.DataObject) -> None:
    ids = list(range(tokenizer.vocab_size)) + list(tokenizer.control.values())
    tokens = data.draw(st.lists(st.sampled_from(ids), max_size=40))
    symbols = Symbols(tokenizer, tokens, frozenset())
    spans = [symbols.span(index, index + 1) for index in range(len(symbols))]
    assert all(0 <= start < end <= len(tokens) for start, end in spans)
    assert spans == sorted(spans)
    covered = {token for start, end in spans for token in range(start, end)}
    assert covered == set(range(len(tokens)))
