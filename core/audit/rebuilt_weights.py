"""Hashes of a network's first weights, built with the seeds of a run's folds; run as a program by `fresh_weights`."""

import json
import os
import sys


def main(request: str) -> None:
    """Print {fold: hash} for a request {model, seed, folds}."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    from core.training.fit import member_seed, weights_hash
    from models.registry import model_spec

    wanted = json.loads(request)
    spec = model_spec(wanted["model"])
    hashes = {}
    for fold in wanted["folds"]:
        import keras

        seed = member_seed(int(wanted["seed"]), int(fold))
        keras.utils.set_random_seed(seed)
        hashes[fold] = weights_hash(spec.build(seed=seed))
        keras.utils.clear_session()
    print(json.dumps(hashes))


if __name__ == "__main__":
    main(sys.argv[1])
