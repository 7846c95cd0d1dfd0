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
        prefixes=[ids(20), ids(13)],
        owner=[0, 1, 1],
        branches=[ids(10), ids(6), ids(8)],
        anchor=[[4, 10], [6, 6], [3, 8]],
        target=ids(3, 2, ARCH.canvas_length),
    )


@pytest.mark.parametrize("conditioned", [False, True])
def test_packed_logits_equal_the_class_of_transformers(forward: PackedForward, conditioned: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    batch = random_batch(generator)
    earlier = torch.randn(*batch.target.shape, ARCH.vocab_size, generator=generator) if conditioned else None
    with torch.no_grad():
        soft = None if earlier is None else forward.soft_embedding(earlier)
        _, _, reads = forward.read(batch)
        packed = forward.canvases(batch, reads, batch.target, soft)
        for n, owner in enumerate(batch.owner):
            for k, anchor in enumerate(batch.anchor[n]):
                prompt = torch.cat([batch.prefixes[owner], batch.branches[n][:anchor]])
                alone = forward.model(
                    input_ids=prompt[None],
                    decoder_input_ids=batch.target[n, k][None],
                    self_conditioning_logits=None if earlier is None else earlier[n, k][None],
                ).logits[0]
                torch.testing.assert_close(packed[n, k], alone, rtol=1e-4, atol=1e-4)


def test_a_branch_is_read_as_if_it_stood_behind_its_prefix_alone(forward: PackedForward) -> None:
    batch = random_batch(torch.Generator().manual_seed(3))
    with torch.no_grad():
        prefixes, branches, reads = forward.read(batch)
        for n, owner in enumerate(batch.owner):
            joined = torch.cat([batch.prefixes[owner], batch.branches[n]])
            (alone,), _, _ = forward.read(Packed([joined], [], [], [], batch.target[:0]))
            torch.testing.assert_close(torch.cat([prefixes[owner], branches[n]]), alone, rtol=1e-4, atol=1e-5)
        some = forward.canvases(batch.rows([2, 0]), [seen.rows([2, 0]) for seen in reads], batch.target[[2, 0]], None)
        torch.testing.assert_close(some, forward.canvases(batch, reads, batch.target, None)[[2, 0]])


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # read by torch's compiler itself
@pytest.mark.parametrize("conditioned", [False, True])
def test_compiled_steps_equal_plain_ones(forward: PackedForward, conditioned: bool) -> None:
    """What torch's compiler is given to compile; to machine code it takes half a minute."""
    compiled = PackedForward(forward.model, compiler="aot_eager")
    batch = random_batch(torch.Generator().manual_seed(4))
    signal = torch.randn(*batch.target.shape, ARCH.hidden_size) if conditioned else None
    found = []
    for one in (forward, compiled):
        _, _, reads = one.read(batch)
        logits = one.canvases(batch, reads, batch.target, signal)
        found.append((logits, *torch.autograd.grad(logits.square().mean(), one.table)))
    for plain, fast in zip(*found, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-5)


def test_products_may_be_in_bfloat16(forward: PackedForward) -> None:
    half = PackedForward(forward.model, products=torch.bfloat16)
    batch = random_batch(torch.Generator().manual_seed(5))
    with torch.no_grad():
        exact, rounded = (one.canvases(batch, one.read(batch)[2], batch.target, None) for one in (forward, half))
    assert rounded.dtype == torch.float32
    assert 0 < (rounded - exact).norm() / exact.norm() < 0.05


def test_every_trained_weight_has_a_gradient(forward: PackedForward) -> None:
    batch = random_batch(torch.Generator().manual_seed(2))
    _, _, reads = forward.read(batch)
    signal = torch.randn(*batch.target.shape, ARCH.hidden_size)
    forward.canvases(batch, reads, batch.target, signal).square().mean().backward()
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


def test_the_bundled_size_fits_twelve_megabytes() -> None:
    assert parameters(build_model(build_config(Architecture(), bos=2, eos=1, pad=0), seed=0)) * 2 < 12e6
