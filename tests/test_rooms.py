"""The tree is the architecture: imports point down, and each heavy library stops at its room."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parents[1]

# Rooms on one line do not see each other; a room may import any room below its own line.
LINES = [
    {"cli"},
    {"lab"},
    {"estimators"},
    {"export"},
    {"training", "plots"},
    {"nn", "frames", "ode"},
    {"ssm", "batch"},
    {"_shapes"},
]
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}
# Files beside the rooms that import nothing of ct_s5.
ALONE = {"runtime", "_files", "_words"}
HOME = {
    "pandas": {"frames", "training", "estimators", "lab", "plots", "cli"},
    "diffrax": {"ode"},
    "optax": {"training"},
    "sklearn": {"training", "estimators", "lab"},
    "matplotlib": {"plots"},
    "jinja2": {"plots"},
    "pooch": set(),
    "tyro": {"cli"},
}


def _imports(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1 or node.module, "write `from ct_s5.room import name`"
            if node.level:  # relative: inside the room
                continue
            yield node.module or ""
            if node.module == "ct_s5":
                yield from (f"ct_s5.{alias.name}" for alias in node.names)


def violations(package: pathlib.Path):
    """Every import of the package that the design forbids, as 'file imports name'."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        room = parts[0]
        if room == "__init__":
            continue
        for name in _imports(ast.parse(path.read_text())):
            words = name.split(".")
            top = words[0]
            where = f"{'/'.join(parts)} imports {name}"
            if top in ("ct_s5_datasets", "experiments"):
                found.append(where)
            elif top == "ct_s5" and len(words) > 1:
                other = words[1]
                if other in ALONE or other == room:
                    continue
                private = any(word.startswith("_") for word in words[2:])
                if room in ALONE or private or other not in LEVEL or LEVEL[other] <= LEVEL[room]:
                    found.append(where)
            elif top in HOME and room not in HOME[top]:
                found.append(where)
    return found


def test_imports_point_down():
    assert violations(ROOT / "ct_s5") == []


def test_the_rule_can_be_broken(tmp_path):
    room = tmp_path / "ssm"
    room.mkdir()
    (room / "_bad.py").write_text("import pandas\nfrom ct_s5.nn import S5Block\n")
    above = tmp_path / "nn"
    above.mkdir()
    (above / "_bad.py").write_text("from ct_s5.ssm import scan\nfrom ct_s5.ssm._scan import scan\n")
    assert violations(tmp_path) == [
        "nn/_bad imports ct_s5.ssm._scan",
        "ssm/_bad imports pandas",
        "ssm/_bad imports ct_s5.nn",
    ]


def test_datasets_and_experiments_are_folders_not_packages():
    assert not (ROOT / "datasets" / "__init__.py").exists()
    assert not (ROOT / "experiments" / "__init__.py").exists()
