"""The list of proofs is what there is, and each has the result of a whole run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PROOFS = Path(__file__).parents[1] / "proofs"


def names() -> list[str]:
    listing = subprocess.run(
        [sys.executable, PROOFS], capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"^  ([a-z_]+) +\S", listing, re.MULTILINE)


def test_each_proof_is_listed_and_has_a_whole_clean_result_or_is_said_to_have_none() -> None:
    modules = [p.stem for p in PROOFS.glob("*.py") if "def prove(" in p.read_text("utf-8")]
    assert sorted(names()) == sorted(modules)
    readme = (PROOFS / "README.md").read_text("utf-8")
    without = re.findall(r"`(\w+)`", readme.partition("No whole run is kept yet of")[2])
    results = [p.stem for p in (PROOFS / "results").glob("*.json")]
    assert sorted([*results, *without]) == sorted(modules)
    for name in results:
        result = json.loads((PROOFS / "results" / f"{name}.json").read_text("utf-8"))
        assert result["proof"] == name
        assert result["cases"] > 0
        assert result["failures"] == []
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
        assert re.fullmatch(r"[0-9a-f]{7,}\+?", result["commit"])


def test_a_run_can_fail(tmp_path: Path) -> None:
    # A proof that finds something, one that dies and one that hangs, by the same door.
    for name, body in {
        "finds": "run.fail(case, 'found')",
        "dies": "import os; os.abort()",
        "hangs": "import time; time.sleep(9999)",
    }.items():
        (tmp_path / f"{name}.py").write_text(
            f"CASES = 5\nHANG = {1 if name == 'hangs' else 600}\n"
            "def prove(run):\n"
            "    for case, _ in run.each():\n"
            f"        if case == 3:\n            {body}\n"
        )
    door = (PROOFS / "__main__.py").read_text("utf-8")
    door = re.sub(r"PROOFS = \{.*?\n\}", "PROOFS = dict.fromkeys(['finds', 'dies', 'hangs'], '')",
                  door, flags=re.DOTALL)  # fmt: skip
    (tmp_path / "__main__.py").write_text(door)
    (tmp_path / "run.py").write_text((PROOFS / "run.py").read_text("utf-8"))
    done = subprocess.run(
        [sys.executable, tmp_path, "all"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert re.search(r"finds +5 cases.*\n +3: found", done.stdout)
    assert re.search(r"dies +3 cases.*\n +ended with status -6 in case 3", done.stdout)
    assert re.search(r"hangs +\d cases.*\n +ended with status -6 in case \d", done.stdout)
