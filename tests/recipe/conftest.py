"""A small tokenizer of the recipe's own kind, trained once for the tests of this folder."""

from pathlib import Path

import pytest
import torch

from agentkit.dialects.tokenizer import Tokenizer
from agentkit_recipe.tokenizer import save_tokenizer


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tokenizer(tmp_path_factory.mktemp("tokenizer"), vocab_size=600, packs=150)


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return Tokenizer.from_file(tokenizer_file)


@pytest.fixture(scope="session", autouse=True)
def one_thread_per_shard() -> None:
    """As the command line trains: with several threads a sum's order, and so its last bit, is not fixed."""
    torch.set_num_threads(1)
