"""The ten networks in one literal table; importing it does not import Keras."""

import importlib
from dataclasses import dataclass
from typing import Any

from core.errors import UsageError

STUDY = "Layers and sizes as published in the study"


@dataclass(frozen=True)
class ModelSpec:
    """One network: what it is called, what it takes and how large it is.

    Attributes
    ----------
    key : str
        Name in commands, folders and URLs; also the module `models.<key>`.
    title : str
        Name in tables and menus.
    inputs : tuple of str
        ('flux',) or ('flux', 'context'): flux of shape (n, 343), context of shape (n, 2).
    parameters : int
        Trainable parameters of the Keras network.
    published_parameters : int
        Trainable parameters that the study states for its PyTorch network.
    batch_size : int
        Batch size of the study.
    reference : str
        Where the architecture comes from.
    note : str
        What differs from the publication, '' if nothing does.
    """

    key: str
    title: str
    inputs: tuple[str, ...]
    parameters: int
    published_parameters: int
    batch_size: int
    reference: str
    note: str = ""

    @property
    def has_context(self) -> bool:
        """True where the network takes the two context numbers beside the spectrum."""
        return "context" in self.inputs

    def build(self, *, seed: int | None = None, **options: Any):
        """Build a fresh, untrained Keras model (imports Keras).

        Parameters
        ----------
        seed : int or None
            Same seed, same initial weights; None draws them from the process's random state.
        **options
            Passed on to the network's `build` (the attention network knows `published_output`).

        Returns
        -------
        keras.Model with inputs named as in `inputs` and one output `logit` of shape (n, 1).
        """
        from models.blocks import seeded

        module = importlib.import_module(f"models.{self.key}")
        with seeded(seed):
            return module.build(**options)


MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        key="cnn",
        title="CNN",
        inputs=("flux",),
        parameters=175_841,
        published_parameters=175_841,
        batch_size=32,
        reference=f"{STUDY}; LeCun et al. 1998, Proc. IEEE 86, 2278",
    ),
    ModelSpec(
        key="cnn_2d",
        title="2D-CNN",
        inputs=("flux",),
        parameters=70_593,
        published_parameters=70_593,
        batch_size=32,
        reference=f"{STUDY}; LeCun et al. 1998, Proc. IEEE 86, 2278",
        note="The spectrum is zero-padded to 361 samples and folded to 19 x 19 inside the network.",
    ),
    ModelSpec(
        key="cnn_attention",
        title="CNN with attention",
        inputs=("flux", "context"),
        parameters=710_522,
        published_parameters=710_522,
        batch_size=64,
        reference=f"{STUDY}; Vaswani et al. 2017, NeurIPS 30; gated residual: Zhang et al. 2019, ICML 97, 7354",
        note="Attends along the wavelength (the study attended across the stars of a batch); linear output by default.",
    ),
    ModelSpec(
        key="cnn_gru",
        title="CNN-GRU",
        inputs=("flux", "context"),
        parameters=93_473,
        published_parameters=93_473,
        batch_size=64,
        reference=f"{STUDY}; Cho et al. 2014, EMNLP, 1724",
    ),
    ModelSpec(
        key="cnn_lstm",
        title="CNN-LSTM",
        inputs=("flux", "context"),
        parameters=128_161,
        published_parameters=128_673,
        batch_size=64,
        reference=f"{STUDY}; Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735",
        note="PyTorch's LSTM has two bias vectors, Keras one: 512 parameters fewer, the same function.",
    ),
    ModelSpec(
        key="deep",
        title="Deep ANN",
        inputs=("flux",),
        parameters=354_320,
        published_parameters=354_320,
        batch_size=64,
        reference=f"{STUDY}; Rumelhart, Hinton & Williams 1986, Nature 323, 533",
    ),
    ModelSpec(
        key="wide",
        title="Wide ANN",
        inputs=("flux",),
        parameters=1_036,
        published_parameters=1_036,
        batch_size=64,
        reference=f"{STUDY}; Rumelhart, Hinton & Williams 1986, Nature 323, 533",
    ),
    ModelSpec(
        key="fcn",
        title="Fully convolutional (FCN)",
        inputs=("flux", "context"),
        parameters=5_658_881,
        published_parameters=5_658_881,
        batch_size=64,
        reference=f"{STUDY}; Wang, Yan & Oates 2017, IJCNN, 1578",
    ),
    ModelSpec(
        key="starnet",
        title="StarNet",
        inputs=("flux",),
        parameters=181_793,
        published_parameters=181_793,
        batch_size=32,
        reference=f"{STUDY}; after Fabbro et al. 2018, MNRAS 475, 2978",
    ),
    ModelSpec(
        key="stellarnet",
        title="StellarNet",
        inputs=("flux", "context"),
        parameters=1_515_057,
        published_parameters=1_515_057,
        batch_size=64,
        reference=STUDY,
    ),
)
"""The networks in the order of the study's table."""

MODEL_KEYS: tuple[str, ...] = tuple(spec.key for spec in MODELS)


def model_spec(key: str) -> ModelSpec:
    """The network called `key`; UsageError with the known keys if there is none."""
    for spec in MODELS:
        if spec.key == key:
            return spec
    raise UsageError(f"no network is called {key!r}; choose one of {', '.join(MODEL_KEYS)}")
