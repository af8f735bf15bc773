"""Weights back from the exported file, so that training can go on where no checkpoint is left.

The export folds batch norms into their convolutions. Each fold is undone by measuring what comes out of the
convolution on some pictures: the norm gets that mean and variance, and the scale and shift that give the same result.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from tools.corner_net.model import CornerNet


def restored(path: Path, pictures: Tensor) -> CornerNet:
    """The network of the ONNX file ``path``; ``pictures`` (N, 3, s, s), 0..1, show what is usual. Raises ValueError
    where the file is of another network."""
    model = CornerNet()
    model.eval()
    order = _used(model, pictures[:1])
    graph = onnx.load(str(path)).graph
    values = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    nodes = [n for n in graph.node if n.op_type in ("Conv", "Gemm")]
    if len(nodes) != len(order):
        raise ValueError(f"{path} has {len(nodes)} layers with weights, the network has {len(order)}")
    norms = _norms(model)
    with torch.no_grad():
        for node, layer in zip(nodes, order, strict=True):
            weight, bias = values[node.input[1]], values[node.input[2]]
            if weight.shape != layer.weight.shape:
                raise ValueError(f"{path}: {node.name} does not fit the network")
            layer.weight.copy_(weight)
            norm = norms.get(layer)
            if norm is None:
                assert layer.bias is not None
                layer.bias.copy_(bias)
            else:
                norm.running_mean.zero_()
                norm.running_var.fill_(1 - norm.eps)
                norm.weight.fill_(1)
                norm.bias.copy_(bias)
        _measure(model, norms, pictures)
    return model


Layer = nn.Conv2d | nn.Linear


def _used(model: CornerNet, picture: Tensor) -> list[Layer]:
    """Layers with weights in the order of their use, which is the order of the exported nodes."""
    order: list[Layer] = []
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [m.register_forward_pre_hook(lambda m, _: order.append(m)) for m in layers]
    with torch.no_grad():
        model(picture)
    for hook in hooks:
        hook.remove()
    return order


def _norms(model: CornerNet) -> dict[nn.Module, nn.BatchNorm2d]:
    """The batch norm behind each convolution that has one."""
    pairs: dict[nn.Module, nn.BatchNorm2d] = {}
    for block in model.modules():
        if isinstance(block, nn.Sequential):
            parts = list(block)
            pairs |= {
                a: b for a, b in itertools.pairwise(parts) if isinstance(a, nn.Conv2d) and isinstance(b, nn.BatchNorm2d)
            }
    return pairs


def _measure(model: CornerNet, norms: dict[nn.Module, nn.BatchNorm2d], pictures: Tensor) -> None:
    """Gives every norm the statistics of what it sees, without changing what comes out of it."""
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(layer: nn.Module, _inputs: object, out: Tensor) -> None:
        seen[layer] = (out.mean((0, 2, 3)), out.var((0, 2, 3)))

    hooks = [layer.register_forward_hook(note) for layer in norms]
    model(pictures)
    for hook in hooks:
        hook.remove()
    for layer, norm in norms.items():
        mean, variance = seen[layer]
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.add_(mean)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
