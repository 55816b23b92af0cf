"""The house stands: imports run one way, and every sentence is there in every language."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from pathlib import Path

import pytest

import ipy_autodiff
from ipy_autodiff.messages import LANGUAGES, sentences

PACKAGE = Path(ipy_autodiff.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each room may import, besides itself.
BELOW = {
    "messages": set(),
    "limits": set(),
    "front_end": set(),
    "engine": {"messages"},
    "designs": {"messages", "limits"},
    "tracing": {"messages", "limits", "designs"},
    "gradcheck": {"messages", "limits", "designs", "tracing"},
    "traced": {"messages", "limits", "designs", "tracing", "gradcheck"},
    "views": {"messages", "limits", "front_end", "designs", "tracing", "gradcheck", "traced"},
    "shell": {"messages", "limits", "designs", "tracing", "gradcheck", "traced", "views", "homework"},
    "homework": {
        "messages",
        "limits",
        "engine",
        "designs",
        "tracing",
        "gradcheck",
        "traced",
        "views",
    },
}
# What is still to be mended, by whoever works there: take a name off as soon as it may go, and never add one.
CIRCLES_TO_MEND: set[str] = set()
LONG_FILES_TO_MEND: set[str] = set()
FULL_FOLDERS_TO_MEND: set[str] = set()
# Heavy packages, and the only places that may import them as they are loaded.
HEAVY = {"IPython", "ipywidgets", "anywidget", "graphviz", "matplotlib", "torch", "pytest", "distributed"}


def imported(path: Path) -> set[str]:
    """The modules of this package that a file imports, anywhere, by their first part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found.update(name.split(".")[1] for name in names if name.startswith("ipy_autodiff."))
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) in BELOW], ids=lambda path: path.name)
def test_imports_run_one_way(path: Path) -> None:
    upward = imported(path) - BELOW[room(path)] - {room(path)}
    # A gradient check that is handed no Variable class takes the reference engine's, when it is called.
    allowed = {"engine"} if path == PACKAGE / "gradcheck" / "check_gradients.py" else set()
    assert upward <= allowed


def dotted(path: Path) -> str:
    return ".".join(("ipy_autodiff", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def run_imports(node: ast.AST, names: set[str]) -> set[str]:
    """Those of these modules that are imported when the code of ``node`` runs, in functions too."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        return set().union(*[run_imports(child, names) for child in node.orelse])
    found = set()
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            submodule = f"{node.module}.{alias.name}"
            found.add(submodule if submodule in names else str(node.module))
    elif isinstance(node, ast.Import):
        found.update(alias.name for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        found.update(arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))
    return set().union(found & names, *[run_imports(child, names) for child in ast.iter_child_nodes(node)])


def in_circles(imports: dict[str, set[str]]) -> set[str]:
    """The modules that import themselves, by way of others or at once."""
    reached = {module: set(direct) for module, direct in imports.items()}
    for through in imports:
        for module in imports:
            if through in reached[module]:
                reached[module] |= reached[through]
    return {module for module in imports if module in reached[module]}


def test_a_circle_of_files_is_seen(tmp_path: Path) -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "c"}, "e": set()}
    assert in_circles(imports) == {"b", "c"}
    source = """
from p import a
if TYPE_CHECKING:
    from p import b
else:
    import p.c
def f():
    from p.d import g
"""
    assert run_imports(ast.parse(source), {"p", "p.a", "p.b", "p.c", "p.d"}) == {"p.a", "p.c", "p.d"}


def test_no_files_import_each_other_in_a_circle() -> None:
    names = {dotted(path) for path in MODULES}
    imports = {dotted(path): run_imports(ast.parse(path.read_text(encoding="utf-8")), names) for path in MODULES}
    assert in_circles(imports) == CIRCLES_TO_MEND


def test_files_are_short() -> None:
    lines = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {path for path, count in lines.items() if count > 400} == LONG_FILES_TO_MEND


def test_folders_can_be_taken_in_at_a_glance() -> None:
    modules = Counter(path.parent.relative_to(PACKAGE).as_posix() for path in MODULES)
    assert {folder for folder, count in modules.items() if count > 16} == FULL_FOLDERS_TO_MEND


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) != "homework"], ids=lambda path: path.name)
def test_heavy_packages_are_imported_at_the_point_of_use(path: Path) -> None:
    if room(path) == "shell" or path.name in ("widget.py", "sliders.py"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name for node in top}
    assert not {name.partition(".")[0] for name in names} & HEAVY


def blanks(sentence: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_blanks(language: str) -> None:
    ours, english = sentences(language), sentences("en")
    assert ours.keys() == english.keys()
    assert {key for key in ours if blanks(ours[key]) != blanks(english[key])} == set()


@pytest.mark.parametrize(("language", "letters"), [("ko", "[가-힣]"), ("ja", "[ぁ-んァ-ヶ一-龠]")])
def test_sentences_are_in_their_language(language: str, letters: str) -> None:
    ours = sentences(language)
    words = {key: re.sub(r"\{+\w+(:\w+)?\}+", "", text) for key, text in ours.items()}
    without = {key for key, text in words.items() if re.search("[a-z]{3}", text) and not re.search(letters, text)}
    assert {key for key in without if ours[key] != sentences("en")[key]} == set()


def test_every_sentence_is_used_and_every_identifier_exists() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    named = set(re.findall(r"""(?:\bsay|\bMessage)\(\s*f?["']([\w.-]+)["']""", sources))
    assert {name for name in named if "{" not in name} - sentences("en").keys() == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_a_name_that_is_not_there_takes_no_other_away() -> None:
    assert not hasattr(ipy_autodiff, "no_such_name")
    names: dict[str, object] = {}
    exec("from ipy_autodiff import *", names)
    assert {"Variable", "square", "trace", "check_gradients", "assert_gradients"} <= names.keys()
    assert names["trace"] is ipy_autodiff.trace
