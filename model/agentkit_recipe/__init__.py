"""How the bundled model is made: data, tokenizer, training, evaluation. `python -m agentkit_recipe --help`."""
