"""Print the test files of which something was skipped: ``python skipped.py JUNIT_XML``."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

files = set()
for case in ET.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.find("skipped") is not None:
        # tests.model.test_graphs or, of a class in it, tests.model.test_graphs.TestSeveral
        parts = (case.get("classname") or case.get("name")).split(".")
        while not Path(*parts).with_suffix(".py").exists():
            parts.pop()
        files.add(Path(*parts).with_suffix(".py"))
print(*sorted(files))
