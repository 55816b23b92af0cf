"""The front end's modules are sent as one script, in any combination: their names must not meet."""

import re
from collections import defaultdict
from pathlib import Path

import ipy_autodiff.views

STATIC = Path(ipy_autodiff.views.__file__).parent / "static"
APART = {"sliders.js", "link.js"}
"""Sent to the page with the live model, as a module of their own."""


def test_no_two_modules_declare_the_same_name():
    declared = defaultdict(set)
    for file in STATIC.glob("*.js"):
        if file.name not in APART:
            text = file.read_text(encoding="utf-8")
            for name in re.findall(r"^(?:async )?(?:function\*?|const|let|var|class) +(\w+)", text, re.MULTILINE):
                declared[name].add(file.name)
    assert {name: files for name, files in declared.items() if len(files) > 1} == {}
