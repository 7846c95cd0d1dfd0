"""Tiny networks of each kind that is computed in its own way."""

from typing import Any

KINDS: dict[str, dict[str, Any]] = {
    "one expert": {},
    "experts": {"num_experts": 4, "top_k_experts": 2},
    # large enough for vectors of sixteen numbers, and otherwise of sizes that fill no panel
    "compiled": {
        "hidden_size": 48,
        "intermediate_size": 44,
        "moe_intermediate_size": 24,
        "head_dim": 32,
        "global_head_dim": 64,
        "vocab_size": 112,
    },
}
