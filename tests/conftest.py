"""What holds for all tests."""

from hypothesis import settings

# A busy machine must not fail a property test by its clock.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
