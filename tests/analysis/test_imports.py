import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "modules",
    [
        "bench.analysis.tables, bench.analysis.correlation, bench.analysis.intervals",
        "bench.report.page",
    ],
)
def test_torch_is_not_imported(modules):
    code = f"import sys, {modules}; assert 'torch' not in sys.modules, 'torch was imported'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_file_is_named(tmp_path):
    from bench.analysis.results import Results

    with pytest.raises(FileNotFoundError, match=r"has no metrics\.parquet"):
        Results.read(tmp_path)
