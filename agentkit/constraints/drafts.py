"""Schemas of older drafts, said as the newest has it: the one way in which nodes are made of them.

What a draft doesn't know means nothing in it. Lists of `items`, `additionalItems` and `dependencies` are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.keywords import walk_keyword

_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_COUNTS = {"minContains", "maxContains"}


def modern(root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema without the keywords that its draft doesn't know, and with exclusive bounds as numbers, not flags."""
    if "$schema" not in root:
        return root
    from jsonschema import Draft202012Validator, validators

    known = validators.validator_for(root, default=Draft202012Validator).VALIDATORS.keys()
    unknown = Draft202012Validator.VALIDATORS.keys() - known - set(_EXCLUSIVE.values())
    unknown |= set() if "unevaluatedItems" in known else _COUNTS

    def walk(node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        found = {key: walk_keyword(key, value, walk) for key, value in node.items() if key not in unknown}
        for bound, flag in _EXCLUSIVE.items():
            if isinstance(found.get(flag), bool) and found.pop(flag) and bound in found:
                found[flag] = found.pop(bound)
        return found

    walked: Mapping[str, Any] = walk(root)
    return walked


def validator(root: Mapping[str, Any]) -> Any:
    """What checks values as the draft of a modern schema does, and knows the keywords that it doesn't."""
    from jsonschema import Draft202012Validator, validators
    from referencing import Registry

    draft = validators.validator_for(root, default=Draft202012Validator)
    newer = Draft202012Validator.VALIDATORS
    changed = {word: newer[word] for word in newer if word not in draft.VALIDATORS or word in _CHANGED}
    extend: Any = validators.extend
    return extend(draft, changed)(root, format_checker=draft.FORMAT_CHECKER, registry=Registry())


_CHANGED = {"minimum", "maximum", "contains"}  # which older drafts read otherwise
