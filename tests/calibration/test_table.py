"""The tables of a calibration."""

import numpy as np
import pandas as pd
import pytest
import torch

from bench import objectives
from bench.calibration import table
from bench.calibration.divergences import DIVERGENCES, alpha_divergence
from bench.calibration.pairs import PAIRS
from bench.game import Game

SETTINGS = {
    "pairs": ["shift-1d", "rotated-bounded-2d"],
    "seeds": [0, 1],
    "depths": [2, 1],
    "steps": 3,
    "batch_size": 16,
    "width": 8,
    "learning_rate": 0.001,
}


def make(name, **hyperparameters):
    return objectives.create(objectives.find()[name], hyperparameters)


def tables(name, **changes):
    game = Game(make(name))
    return table.calibrate(name, game, {**SETTINGS, **changes}, torch.device("cpu"))


def test_one_row_a_pair_depth_and_seed():
    found = tables("minimax")["estimates"]
    assert len(found) == 8
    assert not found.duplicated(["pair", "depth", "seed"]).any()
    assert set(found["bounded"][found["pair"] == "shift-1d"]) == {False}
    assert set(found["bounded"][found["pair"] == "rotated-bounded-2d"]) == {True}
    assert (found["value"] == found["estimate"]).all()
    truth = DIVERGENCES["Jensen-Shannon divergence"](PAIRS["shift-1d"]).value
    assert set(found["truth"][found["pair"] == "shift-1d"]) == {truth}


def test_outputs_stand_beside_the_optimum():
    found = tables("minimax", depths=[1], seeds=[0])
    lines = found["outputs"]
    assert len(lines) == 2 * 121
    shift = lines[lines["pair"] == "shift-1d"]
    x = -3 + 7 * shift["place"]
    np.testing.assert_allclose(shift["optimum"], 0.5 - x, atol=1e-9)
    squares = (shift["output"] - shift["optimum"]) ** 2
    rmse = np.sqrt(np.average(squares, weights=shift["weight"]))
    estimates = found["estimates"]
    stored = estimates.loc[estimates["pair"] == "shift-1d", "output_rmse"].item()
    assert stored == pytest.approx(rmse, rel=1e-6)


def test_an_optimum_up_to_a_constant_is_met_without_it():
    lines = tables("rpgan", depths=[1], seeds=[0])["outputs"]
    for _, line in lines.groupby("pair"):
        error = line["output"] - line["optimum"]
        assert np.average(error, weights=line["weight"]) == pytest.approx(0, abs=1e-6)


def test_a_distance_known_up_to_a_factor_is_put_on_scale_by_the_slope():
    found = tables("wgan", depths=[1], seeds=[0])["estimates"]
    np.testing.assert_allclose(found["value"], found["gap"] / found["max_slope"], rtol=1e-6)
    assert found["output_rmse"].isna().all()


def test_without_a_known_divergence_there_is_the_field_alone():
    found = tables("ragan")
    assert found["estimates"].empty
    assert found["outputs"].empty
    assert len(found["pulls"])


@pytest.mark.parametrize(
    ("name", "divergence"),
    [
        ("hinge", "total variation distance"),
        ("fisher-gan", "Vincze-Le Cam divergence"),
        ("wgan-sn", "1-Wasserstein distance"),
        ("softmax-gan", "Kullback-Leibler divergence of p from (p + q)/2"),
    ],
)
def test_truth_is_that_of_the_named_divergence(name, divergence):
    pair = PAIRS["shift-bounded-1d"]
    assert table.truth(make(name), pair) == DIVERGENCES[divergence](pair)


def test_truth_takes_the_objectives_alpha():
    pair = PAIRS["scale-1d"]
    found = table.truth(make("f-gan-alpha", alpha=0.5), pair)
    assert found == alpha_divergence(pair, 0.5)


@pytest.mark.parametrize("name", ["mmd-gan", "ragan", "pacgan"])
def test_there_is_no_truth_for_what_is_not_known(name):
    assert table.truth(make(name), PAIRS["shift-1d"]) is None


def test_every_divergence_that_ships_has_a_name_that_is_known():
    """Or says that it is between learned features, products or averages."""
    unknown = {
        name
        for name in objectives.find()
        if make(name).divergence is not None and table.truth(make(name), PAIRS["shift-1d"]) is None
    }
    assert unknown == {"pacgan"}


def test_tables_are_written_whole(tmp_path):
    made = tables("hinge", depths=[1], seeds=[0])
    table.write(made, tmp_path / "hinge")
    for name, content in made.items():
        pd.testing.assert_frame_equal(
            pd.read_parquet(tmp_path / "hinge" / f"{name}.parquet"), content
        )
