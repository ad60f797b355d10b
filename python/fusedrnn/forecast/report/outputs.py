"""Whether the files of a run can be written, asked before it begins."""

from __future__ import annotations

from pathlib import Path

from ..._files import check


def check_outputs(outputs: dict[str, str | None], source: str | None = None) -> None:
    """Raise now, before hours of work, if an output cannot be written later or would lose a file.

    `outputs` has paths by option; None is an output that is not wanted.
    """
    taken = {Path(source).resolve(): "the file that is read"} if source else {}
    for option, path in outputs.items():
        if path is None:
            continue
        if not path:
            raise FileNotFoundError(f"{option} has an empty name")
        check(path)
        resolved = Path(path).resolve()
        if resolved in taken:
            raise ValueError(f"{option} is {path}, which is also {taken[resolved]}")
        taken[resolved] = option
