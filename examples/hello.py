from agentkit import Agent, ModelSettings


def add_item(item: str) -> str:
    """Add an item to the shopping list."""
    return f"{item} is on the list."


agent = Agent("bundled", tools=[add_item], model_settings=ModelSettings(seed=0))
print(agent.run_sync("Add milk to the shopping list").output)
