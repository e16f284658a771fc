"""Who may import whom (each layer only what stands lower), read from the source and seen at run time."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "emotion_tl"

LAYERS = {
    "errors": 0,
    "files": 0,
    "locks": 0,
    "config": 0,
    "command_config": 0,
    "training_config": 0,
    "tuning_config": 0,
    "study_config": 0,
    "override_text": 0,
    "console": 0,
    "duration": 0,
    "fed": 0,
    "signals": 0,
    "own_process": 1,
    "system_errors": 1,
    "caching": 1,
    "data": 1,
    "models": 1,
    "evaluation": 1,
    "html_report": 1,
    "runtime": 1,
    "distribution": 1,
    "validation": 2,
    "training": 2,
    "tracking": 2,
    "explanation": 2,
    "identity": 2,
    "audit": 3,
    "results": 3,
    "sweeps": 3,
    "studies": 3,
    "continuation": 3,
    "experiment": 3,
    "analysis": 3,
    "inference": 3,
    "probing": 3,
    "tuning": 4,
    "cli": 4,
    "__main__": 5,
}
# Who may import a package, at any depth of a function.
OWNERS = {"hydra": {"cli"}, "keras_tuner": {"tuning"}, "mlflow": {"tracking"}}
NEVER_IN = {
    "keras": {
        "errors",
        "config",
        "training_config",
        "tuning_config",
        "study_config",
        "caching",
        "command_config",
        "data",
        "evaluation",
        "html_report",
        "validation",
        "cli",
    }
}
HEAVY = ("keras", "tensorflow", "jax", "torch", "mlflow", "matplotlib", "sklearn", "pandas", "cv2", "PIL")

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """Returns the package or module directly below emotion_tl that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_names(tree: ast.AST) -> set[str]:
    """Returns the dotted names that are imported anywhere below a node."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "Imports are absolute."
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def at_module_level(path: Path) -> set[str]:
    """Returns the dotted names that importing the file imports."""
    statements = ast.parse(path.read_text()).body
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    outside = [statement for statement in statements if not isinstance(statement, functions)]
    return imported_names(ast.Module(body=outside, type_ignores=[]))


def anywhere(path: Path) -> set[str]:
    """Returns the dotted names that are imported in the file, inside its functions too."""
    return imported_names(ast.parse(path.read_text()))


def own_parts(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("emotion_tl.")}


def packages(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.fixture(params=MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def module(request) -> Path:
    return request.param


def test_every_part_of_the_package_has_a_layer():
    parts = {part_of(path) for path in MODULES} - {"__init__"}
    assert parts <= set(LAYERS)


def test_a_module_imports_nothing_above_it(module):
    if part_of(module) == "__init__":
        pytest.skip("the package itself imports nothing")
    own = LAYERS[part_of(module)]
    above = {part for part in own_parts(anywhere(module)) if LAYERS[part] > own}
    assert not above


def test_data_models_evaluation_and_runtime_do_not_import_each_other(module):
    part = part_of(module)
    if LAYERS.get(part) == 1:
        assert {other for other in own_parts(anywhere(module)) if LAYERS[other] == 1} <= {part}


def test_no_two_parts_import_each_other():
    imports = {part: set() for part in LAYERS}
    for path in MODULES:
        if part_of(path) in LAYERS:
            imports[part_of(path)] |= own_parts(anywhere(path)) - {part_of(path)}
    mutual = {(part, other) for part, others in imports.items() for other in others if part in imports[other]}
    assert not mutual


def test_a_package_is_imported_by_its_owner_alone(module):
    foreign = {name for name in packages(anywhere(module)) & set(OWNERS) if part_of(module) not in OWNERS[name]}
    assert not foreign


def test_no_keras_where_it_has_no_business(module):
    forbidden = {name for name, parts in NEVER_IN.items() if part_of(module) in parts}
    assert not packages(anywhere(module)) & forbidden


def test_tensorflow_is_never_imported_with_a_module(module):
    assert not packages(at_module_level(module)) & {"tensorflow", "jax", "torch"}


def test_tensorflow_is_named_in_runtime_distribution_and_gradients_alone(module):
    """Devices and their distribution are a backend's own; so are gradients, for which Keras has no function."""
    if module.relative_to(PACKAGE).as_posix() not in ("runtime.py", "distribution.py", "explanation/gradients.py"):
        assert not packages(anywhere(module)) & {"tensorflow", "jax", "torch"}


@pytest.mark.parametrize(
    "name", ["emotion_tl.cli.main", "emotion_tl.validation", "emotion_tl.config", "emotion_tl.runtime"]
)
def test_a_configuration_mistake_waits_for_no_heavy_import(name):
    code = f"import sys, {name}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []
