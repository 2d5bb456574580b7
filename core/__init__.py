"""The science of Massive Star Explorer: spectra, simulation, training, classification; knows nothing of the browser."""

__version__ = "0.1.0"
