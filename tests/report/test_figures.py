import re

import numpy as np
import pytest

from bench.analysis.results import Results
from bench.report import figures, samples
from bench.report.style import COLOURS, INK, colours, panels, style, svg


@pytest.fixture(scope="module")
def drawn(demo):
    def draw(name):
        with style():
            return svg(figures.learning_curves(Results.read(demo), "ring8", "mlp"), name)

    return draw


def test_the_same_figure_gives_the_same_text_without_a_date(drawn):
    assert drawn("a") == drawn("a")
    assert not re.search(r"<dc:date|20\d\d-\d\d-\d\d", drawn("a"))


def test_small_numbers_keep_their_digits():
    figure, (panel,) = panels(1)
    panel.text(0.5, 0.5, "0.00123")
    assert "0.00123" in svg(figure, "a")


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (4, (1, 4)), (5, (2, 3)), (9, (3, 3))])
def test_rows_of_panels_are_even(count, shape):
    _, axes = panels(count)
    assert len(axes) == count
    assert axes[0].get_subplotspec().get_gridspec().get_geometry() == shape


def test_ids_of_two_figures_do_not_meet_and_references_resolve(drawn):
    first, second = drawn("a"), drawn("b")
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (first, second)]
    assert not ids[0] & ids[1]
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', first))
    assert used
    assert used <= ids[0]


def test_ink_follows_the_page_and_no_background_is_painted(drawn):
    text = drawn("a")
    assert "currentColor" in text
    assert INK not in text
    assert "http" not in re.sub(
        r'xmlns[:\w]*="[^"]+"|<metadata>.*?</metadata>', "", text, flags=re.S
    )
    assert not re.search(r"fill: ?#(fff|ffffff|000|000000)\b", text)


def test_colours_stay_with_their_variant_and_are_far_from_both_backgrounds():
    assert colours(["a", "b"])["b"] == colours(["a", "b", "c"])["b"] == COLOURS[1]
    assert len(set(COLOURS)) == len(COLOURS) >= 8

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    def contrast(a, b):
        low, high = sorted([luminance(a), luminance(b)])
        return (high + 0.05) / (low + 0.05)

    for colour in COLOURS:
        assert contrast(colour, "#fcfcfa") > 2.2
        assert contrast(colour, "#15171a") > 3


def test_tiles_lay_images_out_row_by_row():
    images = np.stack([np.full((1, 2, 3), value, np.float32) for value in (-1, 0, 1)])
    sheet = samples.tile(images)
    assert sheet.shape == (7, 9)
    assert (sheet[1:3, 1:4] == 0).all()
    assert (sheet[1:3, 5:8] == 0.5).all()
    assert (sheet[4:6, 1:4] == 1).all()
    assert samples.tile(np.zeros((4, 3, 2, 2), np.float32)).shape == (7, 7, 3)


def test_broken_and_missing_sample_files_are_left_out(demo, tmp_path):
    results = Results.read(demo)
    found = samples.read(results, demo, "ring8", "mlp")
    assert list(found) == results.variants("ring8", "mlp")
    assert found["wgan"].shape == (200, 2)
    assert samples.read(results, tmp_path, "ring8", "mlp") == {}
    path = tmp_path / "runs/ring8/mlp/wgan/seeds/samples.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a tensor")
    assert samples.read(results, tmp_path, "ring8", "mlp") == {}


def test_a_picture_of_a_density_integrates_to_one_and_stands_upright():
    means, std, reach = np.array([[0.5, -0.25]]), 0.1, 1.0
    shade = samples.density(means, np.ones(1), std, reach)
    side = len(shade)
    top = np.unravel_index(shade[..., 3].argmax(), (side, side))
    # Row is height, counted from below; column is width.
    assert top[0] == pytest.approx((-0.25 + 1) / 2 * side, abs=1)
    assert top[1] == pytest.approx((0.5 + 1) / 2 * side, abs=1)
    cell = (2 * reach / side) ** 2
    mass = shade[..., 3].sum() / shade[..., 3].max() * cell
    # The largest value on the grid is a little below the peak.
    assert mass == pytest.approx(2 * np.pi * std**2, rel=0.01)


def test_projection_keeps_the_spread_of_centres_and_leaves_the_plane_alone():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 7)) + rng.normal(size=7)
    centre, directions = samples.principal(flat)
    seen = (flat - centre) @ directions
    assert np.linalg.norm(seen) == pytest.approx(np.linalg.norm(flat - centre))
    centre, directions = samples.principal(flat[:, :2])
    assert (centre == 0).all()
    assert (directions == np.eye(2)).all()
    assert samples.principal(flat[:1])[1].shape == (7, 2)


def test_large_images_are_fewer():
    assert [samples.side(np.zeros((64, 1, n, n))) for n in (8, 28, 32, 64, 256)] == [6, 6, 6, 3, 3]


def test_colour_stays_colour():
    image = np.full((1, 3, 2, 2), -1, np.float32)
    image[:, 0] = 1
    assert samples.tile(image)[1, 1].tolist() == [1, 0, 0]
