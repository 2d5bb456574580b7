"""The ten networks in PyTorch, layer by layer as the study's table gives them: the peer in benchmarks/training.py."""

from itertools import pairwise

import torch
from torch import nn

N = 343


class Attention(nn.Module):
    """gamma * MHA(LayerNorm(x)) + x along the wavelength, two heads, width 4."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.attend = nn.MultiheadAttention(4, 2, batch_first=True)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        along = self.norm(x.transpose(1, 2))
        return x + self.gamma * self.attend(along, along, along, need_weights=False)[0].transpose(1, 2)


class LastState(nn.Module):
    """The last state of a recurrent layer over the wavelength."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x.transpose(1, 2))[0][:, -1]


class Network(nn.Module):
    """A trunk over the spectrum, a branch over the context where there is one, and a head over both."""

    def __init__(self, trunk: nn.Module, head: nn.Module, branch: nn.Module | None = None) -> None:
        super().__init__()
        self.trunk, self.head, self.branch = trunk, head, branch

    def forward(self, flux, context=None):
        features = self.trunk(flux)
        if self.branch is not None:
            features = torch.cat([features, self.branch(context)], dim=1)
        return self.head(features)


def build(key: str) -> Network:
    """The network of a key of `models.registry.MODELS`."""
    return _BUILDERS[key]()


def _conv(n_in: int, n_out: int, act: type[nn.Module] = nn.LeakyReLU, *, pool: bool = True, pad: int = 1) -> list:
    return [nn.Conv1d(n_in, n_out, 3, padding=pad), act(), *([nn.MaxPool1d(2)] if pool else [])]


def _dense(n_in: int, n_out: int, act: type[nn.Module] = nn.LeakyReLU) -> list:
    return [nn.Linear(n_in, n_out), act()]


def _branch() -> nn.Module:
    return nn.Sequential(*_dense(2, 64), *_dense(64, 32))


def _channel() -> nn.Module:
    return nn.Unflatten(1, (1, N))


def _cnn() -> Network:
    trunk = [_channel(), *_conv(1, 16), *_conv(16, 32), nn.Flatten(), *_dense(85 * 32, 64)]
    return Network(nn.Sequential(*trunk), nn.Linear(64, 1))


def _cnn_2d() -> Network:
    layers = [nn.ZeroPad1d((0, 18)), nn.Unflatten(1, (1, 19, 19))]
    for n_in, n_out in ((1, 16), (16, 32)):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return Network(nn.Sequential(*layers, nn.Flatten(), *_dense(512, 128, nn.ReLU)), nn.Linear(128, 1))


def _cnn_attention() -> Network:
    trunk = [_channel(), *_conv(1, 4, pool=False), Attention(), *_conv(4, 16), *_conv(16, 64), nn.Flatten()]
    return Network(nn.Sequential(*trunk, *_dense(85 * 64, 128), *_dense(128, 64)), nn.Linear(96, 1), _branch())


def _recurrent(layer: type[nn.Module], act: type[nn.Module], width: int) -> Network:
    trunk = nn.Sequential(
        _channel(), *_conv(1, 32, act), *_conv(32, 64, act), LastState(layer(64, 128, batch_first=True))
    )
    return Network(trunk, nn.Sequential(*_dense(160, width), nn.Linear(width, 1)), _branch())


def _fcn() -> Network:
    widths = (1, 16, 32, 64, 128)
    convolutions = [layer for pair in pairwise(widths) for layer in _conv(*pair, pool=False)]
    head = nn.Sequential(*_dense(N * 128 + 32, 128), nn.Linear(128, 1))
    return Network(nn.Sequential(_channel(), *convolutions, nn.Flatten()), head, _branch())


def _starnet() -> Network:
    trunk = [_channel(), *_conv(1, 4, nn.ReLU, pool=False, pad=0), *_conv(4, 16, nn.ReLU, pad=0), nn.Flatten()]
    return Network(nn.Sequential(*trunk, *_dense(169 * 16, 64, nn.ReLU), *_dense(64, 128, nn.ReLU)), nn.Linear(128, 1))


def _stellarnet() -> Network:
    trunk = [_channel(), *_conv(1, 64), *_conv(64, 128), *_conv(128, 256), nn.Flatten()]
    branch = nn.Sequential(*_dense(2, 16), nn.LayerNorm(16), *_dense(16, 32))
    head = nn.Sequential(*_dense(96, 64), nn.Linear(64, 1))
    return Network(nn.Sequential(*trunk, *_dense(42 * 256, 128), *_dense(128, 64)), head, branch)


def _deep() -> Network:
    return Network(nn.Sequential(*(layer for _ in range(3) for layer in _dense(N, N, nn.ReLU))), nn.Linear(N, 1))


def _wide() -> Network:
    return Network(nn.Sequential(*_dense(N, 3, nn.ReLU)), nn.Linear(3, 1))


_BUILDERS = {
    "cnn": _cnn,
    "cnn_2d": _cnn_2d,
    "cnn_attention": _cnn_attention,
    "cnn_gru": lambda: _recurrent(nn.GRU, nn.LeakyReLU, 64),
    "cnn_lstm": lambda: _recurrent(nn.LSTM, nn.ReLU, 128),
    "deep": _deep,
    "wide": _wide,
    "fcn": _fcn,
    "starnet": _starnet,
    "stellarnet": _stellarnet,
}
