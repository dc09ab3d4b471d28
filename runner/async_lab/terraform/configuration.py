"""What a directory's configuration says, as Terraform reads it: the files in it, and those of the modules it calls.

Only as far as text shows it. To parse all of it takes longer than what is saved; where the text leaves a doubt, the
slower way is taken, which is right in any case.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_TYPE = re.compile(rb"\baws_\w+")
_BLOCK = re.compile(rb"^\s*provider\b[^\n={]*\baws\b[^\n={]*\{", re.MULTILINE)
_ALIAS = re.compile(rb'\balias"?\s*[=:]')
_OVERRIDES = ("override.tf", "override.tf.json")
"""End the names of files that change blocks of others and add none (Terraform's documentation, "Override Files")."""
_COMMENT = re.compile(rb"^\s*(#|//).*", re.MULTILINE)
_NAME = re.compile(rb'(?P<name>[\w-]+)"?\s*[=:]\s*\{[^{}]*\bsource"?\s*[=:]\s*"([^"/]*/)?hashicorp/aws"', re.IGNORECASE)


def mentioned_types(directory: Path) -> frozenset[bytes]:
    """Return the names that may be types of the AWS provider in configuration, modules and state of a directory."""
    files = [*_files(directory), *(file for place in module_directories(directory) for file in _files(place))]
    files += [file for file in directory.glob("*.tfstate") if file.is_file()]
    return frozenset(name for file in files for name in _TYPE.findall(file.read_bytes()))


def configures_aws_once(directory: Path) -> bool:
    """Whether all resources of AWS in a directory, and in modules that ``init`` found, have one configuration of it.

    A region is one: ``us-east-1`` beside another is two. False also where that is in doubt.
    """
    own = [file.read_bytes() for file in _files(directory) if not file.name.endswith(_OVERRIDES)]
    of_modules = [file.read_bytes() for place in module_directories(directory) for file in _files(place)]
    with_blocks = [text for text in own if blocks_of_aws(text)]
    return (
        sum(map(blocks_of_aws, with_blocks)) <= 1
        and not any(map(_ALIAS.search, with_blocks))
        and not any(map(blocks_of_aws, of_modules))
        and not any(names_for_aws(text) - {"aws"} for text in (*own, *of_modules))
    )


def names_for_aws(text: bytes) -> set[str]:
    """Return the local names that a file's required providers give the AWS provider."""
    return {found["name"].decode() for found in _NAME.finditer(_COMMENT.sub(b"", text))}


def _files(directory: Path) -> list[Path]:
    return [file for pattern in ("*.tf", "*.tf.json") for file in directory.glob(pattern) if file.is_file()]


def module_directories(directory: Path) -> list[Path]:
    """Return the directories of the modules that are called, as ``init`` found them."""
    try:
        listed = (directory / ".terraform" / "modules" / "modules.json").read_bytes()
    except FileNotFoundError:  # it calls none
        return []
    return [directory / module["Dir"] for module in json.loads(listed)["Modules"] if module["Key"]]


def blocks_of_aws(text: bytes) -> int:
    """Return how often a file configures the AWS provider, in either syntax."""
    try:
        listed: Any = json.loads(text).get("provider", [])
    except (ValueError, AttributeError, RecursionError):  # not Terraform's JSON
        return len(_BLOCK.findall(text))
    named = listed if isinstance(listed, list) else [listed]
    blocks = [each.get("aws", []) for each in named if isinstance(each, dict)]
    return sum(len(each) if isinstance(each, list) else 1 for each in blocks)
