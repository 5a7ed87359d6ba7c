"""What is written of the sources: ``sources.toml`` with checksums, and the notices."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tools.intensity_build.source_list import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The section of the package's own NOTICE that names these sources; it ends at an empty line.
SECTION = "Carbon intensity of electricity\n"
MIT_COPYRIGHTS = (
    "CodeCarbon: Copyright (c) 2019 Mila, BCG Gamma, CometML, Haverford College",
    "CodeCarbon: Copyright (c) 2023 Code Carbon NGO",
    "Carbon Aware SDK: Copyright (c) 2022 Green Software Foundation",
)
# Source: https://opensource.org/license/mit
MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def sha256(content: bytes) -> str:
    """Return the SHA-256 sum as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def raw_sums(raw: Path) -> dict[str, str]:
    """Return the sums of all raw files, by name."""
    names = sorted({name for source in SOURCES for name in source.inputs})
    return {name: sha256((raw / name).read_bytes()) for name in names}


def sources_toml(raw: Path, tables: Mapping[str, str]) -> str:
    """Return the text of ``sources.toml``: one table a source, one key a line.

    Args:
        raw: the directory of the raw files.
        tables: the texts that were made, by file name; their sums come last.
    """
    sums = raw_sums(raw)
    lines = ["# Sources of the tables here; made and checked by tools/build_intensity_data.py."]
    for source in SOURCES:
        lines += ["", f"[{source.id}]"]
        fields = source._asdict()
        lines += [f'{key} = "{fields[key]}"' for key in fields if key not in {"id", "inputs"}]
        lines.append(f"[{source.id}.sha256]")
        lines += [f'"{name}" = "{sums[name]}"' for name in source.inputs]
    lines += ["", "[made.sha256]"]
    lines += [f'"{name}" = "{sha256(text.encode())}"' for name, text in tables.items()]
    return "\n".join(lines) + "\n"


def notice() -> str:
    """Return the text of ``NOTICE.txt``."""
    lines = ["Carbon intensity tables: sources and licences", ""]
    for source in SOURCES:
        lines += [
            source.title,
            f"  version      {source.version}",
            f"  licence      {source.licence}",
            f"  where        {source.url}",
            f"  attribution  {source.attribution}",
            f"  changes      {source.transform}",
            "",
        ]
    lines += ["What is marked MIT is used under this licence:", "", *MIT_COPYRIGHTS, "", MIT]
    return "\n".join(lines)


def with_attributions(package_notice: str) -> str:
    """Return the package's NOTICE with the attributions of the tables in their section.

    Raises:
        ValueError: it has no such section.
    """
    before, section, rest = package_notice.partition(SECTION)
    if not section:
        raise ValueError(f"NOTICE has no section {SECTION.strip()!r}")
    after = rest[rest.index("\n\n") :]
    named = "\n".join(f"  {source.attribution}" for source in SOURCES)
    return f"{before}{section}{named}{after}"
