"""Published datasets: files that torchvision fetches, in the folders where it puts them."""

from __future__ import annotations

import socket
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from bench.datasets.base import DataError, ImageSource
from bench.datasets.shared.pictures import reason

#: Seconds of silence after which a server is given up.
_PATIENCE = 60.0


@dataclass(frozen=True)
class Published(ImageSource):
    """A dataset of torchvision's; torchvision is imported when its files are asked for.

    Class attributes:
        origin: Name of the class in ``torchvision.datasets``.
    """

    downloads: ClassVar[bool] = True
    origin: ClassVar[str]

    @property
    def torchvision(self) -> Any:
        """The class in ``torchvision.datasets``."""
        from torchvision import datasets

        return getattr(datasets, self.origin)

    @abstractmethod
    def files(self) -> dict[str, str]:
        """Return the files that are read, below the data folder, and their MD5 digests."""

    def fetch(self, folder: Path) -> None:
        """Fetch what is missing, as torchvision does, and with whatever it raises."""
        self.torchvision(folder, download=True)

    def check(self, folder: Path) -> None:
        """Check that every file is there, and is what was published.

        Raises:
            DataError: One is not; the message names it and says what would help.
        """
        from torchvision.datasets.utils import check_integrity

        for name, digest in self.files().items():
            path = folder / name
            if not path.is_file():
                raise self.missing(path, folder)
            try:
                whole = check_integrity(path, digest)
            except OSError as error:
                raise DataError(f"{path} cannot be read: {reason(error)}") from None
            if not whole:
                raise DataError(
                    f"{path} is damaged or another version: its MD5 digest is not {digest}; "
                    f"{self.places(folder)}, or let 'download: true' fetch what is missing"
                )

    def download(self, folder: Path) -> None:
        """Fetch the files that are missing or damaged; see :meth:`ImageSource.download`."""
        try:
            self.check(folder)
        except DataError:
            try:
                with _patience(_PATIENCE):
                    self.fetch(folder)
            # Servers, archives and torchvision's helpers have exceptions of many kinds.
            except Exception as error:
                message = f"{self.origin} cannot be fetched ({reason(error)}); "
                raise DataError(message + self.places(folder)) from None
            # torchvision checks archives, but not always what it has unpacked.
            self.check(folder)

    def missing(self, path: Path, folder: Path) -> DataError:
        """Return the error for a file that is not there."""
        return DataError(
            f"there is no {path}; {self.places(folder)}, or let 'download: true' fetch what is "
            "missing"
        )

    def places(self, folder: Path) -> str:
        """Return which files to put where, as a clause."""
        names: dict[Path, list[str]] = {}
        for name in self.files():
            path = folder / name
            names.setdefault(path.parent, []).append(path.name)
        return "put " + " and ".join(
            f"{', '.join(names[parent])} into {parent}" for parent in names
        )


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Let no connection be silent for longer: torchvision sets no limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
