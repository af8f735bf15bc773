"""What training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from devices.scanner.corner_net import MARGIN_CELLS, WINDOW


def corner_losses(
    heat: Tensor, presence_logit: Tensor, corners: Tensor, presence: Tensor, sigma: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Three means: cross-entropy of the maps, distance in cells of the windowed centre of mass, presence.

    ``heat`` (N, 4, n, n) logits; ``presence_logit`` (N, 1); ``corners`` (N, 4, 2) in 0..1; ``presence`` (N,).
    A picture without a page counts for presence alone.
    """
    cells = heat.shape[-1]
    at = corners * (cells - 2 * MARGIN_CELLS) + MARGIN_CELLS - 0.5
    seen = (presence[:, None] * ((at > -0.5) & (at < cells - 0.5)).all(2)).flatten()
    axis = torch.arange(cells, dtype=torch.float32)
    away = axis - at[..., None]
    bell = torch.exp(-(away**2) / (2 * sigma**2))
    bell = bell / bell.sum(-1, keepdim=True).clamp_min(1e-6)
    log_chance = functional.log_softmax(heat.flatten(2), 2).view_as(heat)
    # The target is a product of two bells, so the sum over the plane splits into two small products.
    along_y = torch.einsum("ncyx,ncx->ncy", log_chance, bell[:, :, 0])
    cross = -(along_y * bell[:, :, 1]).sum(2).flatten()
    inside = (away.abs() <= WINDOW).float()
    near = log_chance.exp() * inside[:, :, 1, :, None] * inside[:, :, 0, None, :]
    mass = near.sum((2, 3)).clamp_min(1e-6)
    x = (near.sum(2) * away[:, :, 0]).sum(2) / mass
    y = (near.sum(3) * away[:, :, 1]).sum(2) / mass
    place = functional.smooth_l1_loss(torch.stack([x, y], 2), torch.zeros_like(at), reduction="none", beta=0.25)
    count = seen.sum().clamp_min(1)
    present = functional.binary_cross_entropy_with_logits(presence_logit[:, 0], presence)
    return (cross * seen).sum() / count, (place.sum(2).flatten() * seen).sum() / count, present
