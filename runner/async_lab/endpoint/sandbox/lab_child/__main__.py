"""Runs the zygote. The patches come first: what is imported after them sees virtual time."""

import site
import sys
from pathlib import Path

from .patches import install

sys.path.remove(str(Path(__file__).parent.parent))  # our way in; handlers must not find our modules there
sys.path.extend(sys.argv[4:])  # Lambda's packages and ours: whatever else is installed is not for handlers
site.setquit()
site.sethelper()
install()

from .zygote import main  # noqa: E402

main()
