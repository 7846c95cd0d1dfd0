import pytest
import torch

from agentkit_recipe.network import Architecture, Packed, PackedForward, build_config, build_model, parameters

ARCH = Architecture(
    vocab_size=120, hidden_size=64, layers=3, heads=2, intermediate_size=80, expert_size=16, canvas_length=12
)


@pytest.fixture(scope="module")
def forward() -> PackedForward:
    return PackedForward(build_model(build_config(ARCH, bos=2, eos=1, pad=0), seed=0))


def random_batch(generator: torch.Generator) -> Packed:
    def ids(*shape: int) -> torch.Tensor:
        return torch.randint(0, ARCH.vocab_size, shape, generator=generator)

    return Packed(
        prefix=ids(2, 20),
        prefix_length=torch.tensor([20, 13]),
        owner=torch.tensor([0, 1, 1]),
        branch=ids(3, 10),
        branch_length=torch.tensor([10, 6, 8]),
        anchor=torch.tensor([[4, 10], [6, 6], [3, 8]]),
        target=ids(3, 2, ARCH.canvas_length),
    )


@pytest.mark.parametrize("conditioned", [False, True])
def test_packed_logits_equal_the_class_of_transformers(forward: PackedForward, conditioned: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    batch = random_batch(generator)
    earlier = torch.randn(*batch.target.shape, ARCH.vocab_size, generator=generator) if conditioned else None
    with torch.no_grad():
        soft = None if earlier is None else forward.soft_embedding(earlier)
        _, cache = forward.encode(batch.prefix)
        _, packed = forward.canvases(batch, cache, batch.target, soft)
        for n, owner in enumerate(batch.owner.tolist()):
            for k, anchor in enumerate(batch.anchor[n].tolist()):
                prompt = torch.cat([batch.prefix[owner, : batch.prefix_length[owner]], batch.branch[n, :anchor]])
                alone = forward.model(
                    input_ids=prompt[None],
                    decoder_input_ids=batch.target[n, k][None],
                    self_conditioning_logits=None if earlier is None else earlier[n, k][None],
                ).logits[0]
                torch.testing.assert_close(packed[n, k], alone, rtol=1e-4, atol=1e-4)


def test_every_trained_weight_has_a_gradient(forward: PackedForward) -> None:
    batch = random_batch(torch.Generator().manual_seed(2))
    _, cache = forward.encode(batch.prefix)
    signal = torch.randn(*batch.target.shape, ARCH.hidden_size)
    forward.canvases(batch, cache, batch.target, signal)[1].square().mean().backward()
    missing = [
        name
        for name, weight in forward.model.named_parameters()
        if "vision" not in name and "router" not in name and (weight.grad is None or not weight.grad.any())
    ]
    assert missing == []


def test_models_with_several_experts_are_refused() -> None:
    config = build_config(ARCH, bos=2, eos=1, pad=0)
    config.text_config.num_experts = 2
    with pytest.raises(ValueError, match="one expert"):
        PackedForward(build_model(config, seed=0))


def test_the_bundled_size_fits_ten_megabytes() -> None:
    assert parameters(build_model(build_config(Architecture(), bos=2, eos=1, pad=0), seed=0)) * 2 < 9e6
