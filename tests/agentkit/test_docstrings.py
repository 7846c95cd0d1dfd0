import pytest

from agentkit.docstrings import Description, describe


def google():
    """Tell the weather.

    For today only.

    Args:
        city: Name of the city,
            without its country.
        unit (str): The unit.

    Returns:
        A sentence.
    """


def numpy():
    """Tell the weather.

    For today only.

    Parameters
    ----------
    city : str
        Name of the city,
        without its country.
    unit
        The unit.

    Returns
    -------
    str
        A sentence.
    """


def sphinx():
    """Tell the weather.

    For today only.

    :param city: Name of the city,
        without its country.
    :param str unit: The unit.
    :returns: A sentence.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_every_style_says_the_same(function):
    assert describe(function) == Description(
        "Tell the weather.\n\nFor today only.",
        {"city": "Name of the city, without its country.", "unit": "The unit."},
    )


def test_prose_alone_is_the_description():
    def function():
        """Tell the weather: a sentence.

        Note that it may rain.
        """

    assert describe(function) == Description("Tell the weather: a sentence.\n\nNote that it may rain.")


def test_no_docstring_says_nothing():
    assert describe(lambda: None) == Description()
