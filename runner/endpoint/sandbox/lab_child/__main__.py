"""Runs the zygote. The patches come first: what is imported after them sees virtual time."""

import sys
from pathlib import Path

from .patches import install

sys.path.remove(str(Path(__file__).parent.parent))  # our way in; handlers must not find our modules there
install()

from .zygote import main  # noqa: E402

main()
