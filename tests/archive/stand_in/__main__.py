"""`python -m tests.archive.stand_in --port 8123`: try the app against the stand-in archive."""

import argparse

from core.settings import current_settings
from tests.archive.stand_in import StandIn, build_sky


def main() -> None:
    """Serve until Ctrl-C and print the environment variables that point the program here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--stars", type=int, default=2000, help="synthetic stars (real ones come on top, if present)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    real = current_settings().real_data_dir
    real = real if real.exists() else None
    archive = StandIn(build_sky(options.stars, options.seed, real), port=options.port, real_dir=real)
    for name, value in archive.environment.items():
        print(f"export {name}={value}")
    print(f"# {len(archive.sky.gaia)} stars; faults: POST JSON to {archive.url}/stand-in/faults", flush=True)
    try:
        archive.serve_forever()
    except KeyboardInterrupt:
        archive.stop()


if __name__ == "__main__":
    main()
