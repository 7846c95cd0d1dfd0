"""What tasks need of each other."""

import pytest

from agentkit.tasks import flat_errors


def nested(*errors: Exception) -> ExceptionGroup:
    """The errors as task groups inside task groups raise them."""
    first, *others = errors
    return ExceptionGroup("outer", [first, ExceptionGroup("inner", others)])


def test_errors_of_one_class_are_the_first_of_them_with_the_others_as_notes():
    with pytest.raises(LookupError, match="no tea") as caught, flat_errors():
        raise nested(LookupError("no tea"), LookupError("no tea"), LookupError("no milk"))
    assert caught.value.__notes__ == ["Beside it: LookupError: no milk"]


def test_errors_of_several_classes_are_one_flat_group():
    errors = [LookupError("no tea"), ValueError("cold"), OSError("no cup")]
    with pytest.raises(ExceptionGroup) as caught, flat_errors():
        raise nested(*errors)
    assert list(caught.value.exceptions) == errors
