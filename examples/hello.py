from agentkit import Agent


def add_item(item: str) -> str:
    """Add an item to the shopping list."""
    return f"{item} added"


print(Agent("bundled", tools=[add_item]).run_sync("Add milk to the shopping list").output)
