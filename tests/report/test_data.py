import numpy as np

from bench.report.data import abridged, describe, features, origin


def mixture(means, std=0.01, weights=None):
    count = len(means)
    return {
        "kind": "mixture",
        "shape": [len(means[0])],
        "means": means,
        "std": std,
        "weights": weights or [1 / count] * count,
    }


def test_a_ring_has_one_distance_from_the_origin():
    angle = 2 * np.pi * np.arange(8) / 8
    means = (np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], 1)).tolist()
    assert describe(mixture(means, 0.0141421)) == (
        "8 Gaussian modes in 2 dimensions, centres at distance 1.414 from the origin, nearest "
        # A chord of an eighth: 2√2·sin(π/8).
        "centres 1.082 apart, σ = 0.0141"
    )


def test_a_grid_has_a_farthest_centre_and_a_spacing():
    line = np.arange(-4.0, 5, 2) / np.sqrt(8)
    means = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2).tolist()
    text = describe(mixture(means, 0.0177))
    assert text.startswith("25 Gaussian modes in 2 dimensions, centres up to 2 from the origin")
    assert "nearest centres 0.7071 apart" in text


def test_one_mode_and_unequal_weights():
    one = describe(mixture([[0.0, 0.0]]))
    assert one == (
        "1 Gaussian mode in 2 dimensions, centres at distance 0 from the origin, σ = 0.0100"
    )
    assert "weights 0.100 to 0.900" in describe(mixture([[0.0], [1.0]], weights=[0.1, 0.9]))


def test_images_have_a_shape_and_splits():
    about = {"kind": "images", "shape": [1, 8, 8], "splits": {"train": 1197, "test": 300}}
    assert describe(about) == "images of shape 1×8×8; samples: 1\u202f197 train, 300 test"
    assert describe({"kind": "sound", "shape": [16000]}) == "sound of shape 16000"


def test_classes_are_said_where_they_are_known():
    about = {"kind": "images", "shape": [3, 32, 32], "classes": 1000}
    assert describe(about) == "images of shape 3×32×32 in 1\u202f000 classes"
    assert describe(about | {"classes": 1}) == "images of shape 3×32×32"


def test_a_density_is_described_without_modes():
    about = mixture([[0.0, 0.0], [3.0, 4.0]], 0.5) | {"kind": "density"}
    assert describe(about) == (
        "a density in 2 dimensions without modes, written as 2 Gaussians of σ = 0.500 with centres "
        "up to 5 from the origin"
    )


def test_where_data_come_from():
    about = {"kind": "images", "shape": [1, 8, 8], "source": "image-folder"}
    assert origin("faces", about | {"settings": {"size": 64.0}, "checksum": "ab" * 32}) == (
        "source image-folder; size 64; checksum abababababab"
    )
    assert origin("image-folder", about) == "not read yet"
    assert origin("ring8", mixture([[0.0]])) == ""


def test_long_lists_are_abridged_and_short_ones_kept():
    long = mixture([[0.0, 1.0]] * 40)
    assert abridged(long)["means"] == "40×2 numbers"
    assert abridged(long)["weights"] == long["weights"]
    assert abridged({"classes": 10, "shape": [3, 8, 8]}) == {"classes": 10, "shape": [3, 8, 8]}


def test_one_extractor_and_several():
    one = {"name": "digits-classifier", "accuracy": 0.978, "hash": "ab12"}
    said = "Features for digits: digits-classifier, test accuracy 97.8\u00a0%"
    assert features("digits", one) == features("digits", [one]) == f"{said}."
    several = [one, {"name": "vgg16", "accuracy": None}, {"name": "inception-v3-compat"}]
    assert features("digits", several) == f"{said}; vgg16; inception-v3-compat."
