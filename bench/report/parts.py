"""Figures and tables as parts of the page, each written as a file of its own, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from bench.files import whole
from bench.report.style import svg
from bench.report.views import View


@dataclass(frozen=True)
class Part:
    """A figure or a table in the page, with its caption and the file that holds the same.

    ``points`` are sentences on what it shows, made from its numbers.
    """

    title: str
    caption: str
    file: str
    graphic: Markup | None = None
    view: View | None = None
    folded: bool = False
    points: Sequence[str] = ()


@dataclass
class Parts:
    """What stands in each section, gathered while the files are written.

    Args:
        folder: The report's folder.
    """

    folder: Path
    sections: dict[str, list[Part]] = field(default_factory=dict)

    def draw(
        self,
        section: str,
        name: str,
        title: str,
        caption: str,
        figure: Figure,
        fold: bool = False,
        points: Sequence[str] = (),
    ) -> None:
        """Add a figure and write it as ``figures/<name>.svg``."""
        graphic = svg(figure, name)
        with whole(self.folder / "figures" / f"{name}.svg") as temporary:
            temporary.write_text(graphic, encoding="utf-8")
        file = f"figures/{name}.svg"
        part = Part(title, caption, file, graphic=Markup(graphic), folded=fold, points=points)
        self.sections.setdefault(section, []).append(part)

    def show(
        self, section: str, title: str, caption: str, name: str, view: View, fold: bool = False
    ) -> None:
        """Add a table whose numbers :meth:`save` writes under ``name``."""
        part = Part(title, caption, f"tables/{name}.csv", view=view, folded=fold)
        self.sections.setdefault(section, []).append(part)

    def save(self, name: str, table: pd.DataFrame) -> None:
        """Write a table as ``tables/<name>.csv``."""
        with whole(self.folder / "tables" / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
