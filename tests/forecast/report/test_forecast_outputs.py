from __future__ import annotations

import os

import pytest


def test_outputs_lose_no_file(tmp_path):
    from fusedrnn._files import write
    from fusedrnn.forecast.report.outputs import check_outputs

    target, link, pipe = tmp_path / "target.json", tmp_path / "link.json", tmp_path / "pipe"
    target.write_text("before")
    link.symlink_to(target)
    write(link, lambda path: path.write_text("after"))
    assert link.is_symlink()
    assert target.read_text() == "after"
    os.mkfifo(pipe)
    with pytest.raises(FileExistsError, match="is a device or a pipe"):
        check_outputs({"--json": str(pipe)})
    with pytest.raises(ValueError, match=r"--json is .* which is also the file that is read"):
        check_outputs({"--json": str(link)}, str(target))
    with pytest.raises(ValueError, match=r"--json is .* which is also --plot"):
        check_outputs({"--plot": str(target), "--json": str(target)})
    with pytest.raises(FileNotFoundError, match="empty name"):
        check_outputs({"--json": ""})
