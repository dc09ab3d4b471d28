"""Where the things lie that these tests work on."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK_FILE = ROOT / "terraform" / ".terraform.lock.hcl"
MODULE = Path(__file__).parent / "log_group_and_role"
