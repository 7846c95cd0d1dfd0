"""How often the right tool is among the few that a turn is told about.

    python benchmarks/retrieval.py [--quick] [--json FILE]

Catalogues of 200 composed tools each (near duplicates among them: the same deed on another thing, another deed on the
same thing), and requests for them in the training's registers: terse, polite, indirect, misspelt, some of them by a
synonym that the declaration doesn't have. For each request the tools are ranked by `agentkit.retrieval.ToolIndex`.

    within n   share of the requests whose tool is among the best n
    index ms   milliseconds to build the index of a catalogue
    search ms  milliseconds to rank a catalogue for a request
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

from measure import save
from rich.console import Console
from rich.table import Table

from agentkit.retrieval import ToolIndex
from agentkit_recipe.composed import compose_set
from agentkit_recipe.values import SPLITS

RANKS = (1, 3, 5, 10)


def measure(catalogues: int, size: int, requests: int, split: str) -> dict[str, Any]:
    """The figures over so many catalogues of `size` tools, with `requests` requests for each."""
    places: list[int] = []
    building, searching = 0.0, 0.0
    for seed in range(catalogues):
        rng = random.Random(f"retrieval/{split}/{seed}")
        tools = compose_set(rng, size, split)
        started = time.perf_counter()
        index = ToolIndex([tool.definition for tool in tools])
        building += time.perf_counter() - started
        for _ in range(requests):
            wanted = rng.randrange(size)
            prompt = tools[wanted].ask(rng, split).prompt
            started = time.perf_counter()
            scores = index.scores(prompt)
            searching += time.perf_counter() - started
            places.append(sum(score > scores[wanted] for score in scores))
            places[-1] += sum(score == scores[wanted] for score in scores[:wanted])
    return {
        "words": split,
        "tools": size,
        "requests": len(places),
        "within": {rank: round(sum(place < rank for place in places) / len(places), 4) for rank in RANKS},
        "index_ms": round(building / catalogues * 1000, 2),
        "search_ms": round(searching / len(places) * 1000, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one small catalogue: only to see that it runs")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    catalogues, size, requests = (1, 40, 50) if options.quick else (10, 200, 200)
    rows = [measure(catalogues, size, requests, split) for split in SPLITS]
    table = Table(title=f"the right tool among the best of {size}")
    for heading in ("words", "requests", *(f"within {rank}" for rank in RANKS), "index ms", "search ms"):
        table.add_column(heading, justify="right")
    for row in rows:
        shares = [f"{row['within'][rank]:.1%}" for rank in RANKS]
        table.add_row(row["words"], str(row["requests"]), *shares, str(row["index_ms"]), str(row["search_ms"]))
    Console().print(table)
    save(options.json, {"rows": rows})


if __name__ == "__main__":
    main()
