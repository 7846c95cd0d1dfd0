"""What is read off the canvases of a turn."""

from agentkit import TextPart, ThoughtPart, ToolDefinition, bundled
from agentkit.dialects import Gemma4, Tokenizer
from agentkit.models.reading import invalid_calls, message_of


def test_calls_that_no_tool_takes_are_counted() -> None:
    dialect = Gemma4(Tokenizer.from_pretrained(bundled.folder()))
    schema = {"type": "object", "properties": {"n": {"type": "integer", "multipleOf": 7919}}, "required": ["n"]}
    tools = [ToolDefinition("f", "Do it.", schema)]

    def counted(*calls: list[int]) -> int:
        return invalid_calls(dialect.parse([token for call in calls for token in call]), tools)

    right, wrong = dialect.render_call("f", {"n": 7919}), dialect.render_call("f", {"n": 1})
    assert counted(right) == 0
    assert counted(right, wrong, wrong) == 2
    assert counted(dialect.render_call("g", {"n": 7919})) == 1
    assert counted(wrong[:-2]) == 0  # it can't be read yet: that is a fault by itself


def test_the_text_around_a_thought_is_one() -> None:
    dialect = Gemma4(Tokenizer.from_pretrained(bundled.folder()))
    encode = dialect.tokenizer.encode
    tokens = [*encode("\nThe answer is "), *dialect.render_thought("hm"), *encode("42.\n")]
    message = message_of(dialect.parse(tokens), tokens, model="m", turn=0)
    assert message.parts == (TextPart("The answer is "), ThoughtPart("hm"), TextPart("42."))
    assert message.text == dialect.parse(tokens).text == "The answer is 42."
