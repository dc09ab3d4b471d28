"""The mark in a handler's output that says: from here on it is this late. Written by the child, read by the parent."""

MARK = "\x1e{token}:{now_ns}\x1f"
