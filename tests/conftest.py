"""What all tests share. Being here, this file also lets them import helpers such as ``series`` from ``tests/``."""

from hypothesis import settings

settings.register_profile("lab", deadline=None)  # these machines lose their CPU to others at times
settings.load_profile("lab")
