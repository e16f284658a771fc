"""Predicts the expression on image files with a trained model; a bad file is told of and does not stop the rest."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_tl.command_config import PredictConfig
from emotion_tl.config import DataConfig
from emotion_tl.console import console
from emotion_tl.data.decoding import FORMATS, RejectedImageError, decode_image, open_file
from emotion_tl.data.sources.candidates import is_candidate
from emotion_tl.data.sources.layout import readable_name
from emotion_tl.errors import DataError
from emotion_tl.evaluation.predictions import classes_of, probability_columns
from emotion_tl.inference.explaining import Explainer
from emotion_tl.inference.model_file import ModelDescription, load_model
from emotion_tl.tracking.runs import find_model_file
from emotion_tl.validation import check_predict_config


def print_predictions(config: PredictConfig) -> bool:
    """Predicts and prints as configured; returns whether at least one image could be read.

    Raises:
        ConfigurationError: on a setting that cannot be right.
        ModelNotFoundError: where there is no such model.
        DataError: where there are no images.
    """
    check_predict_config(config)
    images = Path(config.images).expanduser()
    paths = find_images(images)
    model, description = load_model(locate_model(config))
    explainer = None
    if config.explain:
        folder = Path(config.explanations).expanduser()
        explainer = Explainer(model, description.backbone, config.explain_with, images, folder)
    predicted_any = False
    for number, table in enumerate(predict_files(model, description, paths, config, explainer)):
        predicted_any |= bool(table["error"].isna().any())
        print_table(table, config.output, first=number == 0)
    if explainer and predicted_any:
        console.print(f"What the model looked at: {escape(str(explainer.folder))}")
    return predicted_any


def locate_model(config: PredictConfig) -> Path:
    """Returns the path of the model file that the configuration names."""
    path = Path(config.model).expanduser()
    if path.is_dir():
        return path / "model.keras"
    return path if path.suffix == ".keras" else find_model_file(config.tracking, config.model)


def find_images(path: Path) -> list[Path]:
    """Returns an image file, or the files in a folder and its sub-folders that a training would look at.

    Raises:
        DataError: where there are none.
    """
    if path.is_file():
        return [path]
    names = {file: file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
    found = sorted(file for file, name in names.items() if is_candidate(name))
    if not found:
        raise DataError(
            f"images: expected an image or a folder of images ({', '.join(FORMATS)}). Received: {path}, "
            f"{'which holds none' if path.is_dir() else 'which is not there'}."
        )
    return found


def predict_files(
    model: keras.Model,
    description: ModelDescription,
    paths: list[Path],
    config: PredictConfig,
    explainer: Explainer | None = None,
) -> Iterator[pd.DataFrame]:
    """Yields a table a batch: image, error, predicted, confidence, and a column of probabilities for each class.

    The error says why a file could not be read; its other columns are then empty. With an explainer there is one more
    column, explanation, with the paths of its pictures.
    """
    data = DataConfig(
        image_size=model.input_shape[1], color_mode=description.color_mode, max_image_pixels=config.max_image_pixels
    )
    for batch in chunks(paths, config.batch_size):
        images: list[np.ndarray] = []
        errors: list[str | None] = []
        for path in batch:
            try:
                images.append(decode_image(partial(open_file, path), data))
                errors.append(None)
            except RejectedImageError as error:
                errors.append(str(error))
        probabilities = np.asarray(model.predict(np.stack(images), verbose=0) if images else [])
        table = tabulate(batch, errors, probabilities, description.class_names)
        if explainer:
            readable = table.index[table["error"].isna()]
            read = [batch[row] for row in readable]
            written = explainer.write(read, np.stack(images), probabilities.argmax(axis=1)) if images else []
            table["explanation"] = pd.Series(written, index=readable, dtype=object)
        yield table


def chunks(paths: list[Path], size: int) -> Iterator[list[Path]]:
    """Yields the paths in lists of at most `size`."""
    for start in range(0, len(paths), size):
        yield paths[start : start + size]


def tabulate(
    paths: list[Path], errors: list[str | None], probabilities: np.ndarray, class_names: tuple[str, ...]
) -> pd.DataFrame:
    """Puts the predictions of a batch beside the files they belong to.

    Args:
        probabilities: float32 (number of files without an error, num_classes), in the order of the files.
    """
    table = pd.DataFrame({"image": [readable_name(path.as_posix()) for path in paths], "error": errors})
    readable = table.index[table["error"].isna()]
    columns = probability_columns(class_names)
    scores = pd.DataFrame(probabilities.reshape(-1, len(class_names)), index=readable, columns=columns)
    scores.insert(0, "predicted", [class_names[position] for position in scores.to_numpy().argmax(axis=1)])
    scores.insert(1, "confidence", scores[columns].max(axis=1))
    return table.join(scores)


def print_table(table: pd.DataFrame, output: str, first: bool) -> None:
    """Prints predictions on standard output; in a table, bad files are told of on standard error."""
    if output == "csv":
        table.to_csv(sys.stdout, index=False, header=first)
    elif output == "jsonl":
        print(table.to_json(orient="records", lines=True), end="")
    else:
        print_for_person(table)


def print_for_person(table: pd.DataFrame) -> None:
    """Prints one line an image: the predicted class, then the others from the likeliest on."""
    shown = Table("image", "predicted", "then", box=SIMPLE_HEAD)
    shown.columns[0].overflow = "fold"
    shown.columns[1].no_wrap = True
    class_names = classes_of(table)
    for _, row in table[table["error"].isna()].iterrows():
        shares = pd.Series(row[probability_columns(class_names)].to_numpy(dtype=float), index=class_names)
        likeliest, *others = (f"{name} {share:.0%}" for name, share in shares.sort_values(ascending=False).items())
        shown.add_row(*map(escape, (row["image"], likeliest, ", ".join(others))))
    if shown.row_count:
        Console(highlight=False).print(shown)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    for _, row in table[table["error"].notna()].iterrows():
        errors.print(f"[yellow]skipped[/] {escape(row['image'])}: {escape(row['error'])}")
