"""What every test may use."""

import os

from hypothesis import settings

# Speed is measured in bench/, never asserted here; in CI the same examples run every time.
settings.register_profile("tailorbird", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("tailorbird")
