"""How deeply an expression may be nested: all else recurses over its tree, and may do so below this."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lark import Token, Tree

DEEPEST = 100  # our own bound


def is_too_deep(tree: Tree[Token]) -> bool:
    """Whether a tree has more levels; counts them one by one, as enough of them would end any recursion."""
    from lark import Tree  # whoever has a tree has it already

    depth, level = 0, [tree]
    while level and depth <= DEEPEST:
        depth += 1
        level = [child for each in level for child in each.children if isinstance(child, Tree)]
    return depth > DEEPEST
