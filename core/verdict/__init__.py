"""Verdicts from trained networks, on ONNX Runtime alone: nothing here imports TensorFlow or Keras."""
