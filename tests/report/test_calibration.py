"""The calibration's section, and the page of a study that has nothing else."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest

from bench.report.formats import percent, target
from bench.report.line_labels import apart
from bench.report.page import write_report

JS, FACTOR = "Jensen-Shannon divergence", "1-Wasserstein distance, up to a factor"
PAIRS = {"shift-bounded-1d": (True, 0.5), "far-1d": (False, 2.0)}
#: Estimates over truths, by variant and pair.
RATIOS = {
    "minimax": (0.99, 0.5),
    "hinge": (0.93, 1.001),
    "wgan": (0.97, 0.8),
    "wgan-clip-0.1": (0.98, 0.97),
}


def words(text):
    """What a reader reads, without figures."""
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def estimates():
    for variant, ratios in RATIOS.items():
        wasserstein = variant.startswith("wgan")
        clip = 0.1 if variant.endswith("0.1") else 0.01
        for depth in (2, 3) if wasserstein else (2,):
            for (pair, (bounded, truth)), ratio in zip(PAIRS.items(), ratios, strict=True):
                yield {
                    "variant": variant,
                    "divergence": FACTOR if wasserstein else JS,
                    "lower_bound": not wasserstein,
                    "pair": pair,
                    "dimension": 1,
                    "bounded": bounded,
                    "depth": depth,
                    "seed": 0,
                    "status": "ok",
                    "value": ratio * truth,
                    "error": 1e-5 * truth,
                    "truth": truth,
                    "truth_error": 0.0,
                    "estimate": ratio * truth,
                    "gap": truth * (10 * clip) ** (depth + 1) * (1 if bounded else 2),
                    "mean_slope": 0.8,
                    "max_slope": 1.0,
                    "output_rmse": 0.1,
                    "seconds": 2.0,
                }


def outputs():
    place = np.linspace(0, 1, 11)
    for variant in ("minimax", "hinge"):
        yield pd.DataFrame(
            {
                "variant": variant,
                "depth": 2,
                "seed": 0,
                "pair": "shift-bounded-1d",
                "place": place,
                "output": place,
                "optimum": place**2,
                "weight": 1.0,
            }
        )


def pulls():
    logits, thetas = np.linspace(-15, 15, 61), np.linspace(0.25, 10, 40)
    sizes = {
        "minimax": (1 / (1 + np.exp(-logits)), np.exp(-thetas)),
        "hinge": (np.ones(61), np.zeros(40)),
        "wgan": (np.ones(61), np.ones(40)),
        "no-divergence": (np.ones(61), thetas),
    }
    for variant, by in sizes.items():
        for against, at, size in zip(("logit", "distance"), (logits, thetas), by, strict=True):
            yield pd.DataFrame({"variant": variant, "against": against, "at": at, "size": size})


def variants():
    known = {
        "reference": "somebody 2014",
        "generator_optimizer": "adam",
        "discriminator_optimizer": "adam",
        "discriminator_steps": 1,
        "updates": "alternating",
        "notes": [],
    }
    r1 = {"title": "R1", "reference": "Mescheder 2018", "settings": {"weight": 5.0, "every": 16}}
    spectral = {"title": "Spectral normalisation", "reference": "Miyato 2018", "settings": {}}
    for name in (*RATIOS, "no-divergence"):
        wasserstein = name.startswith("wgan")
        clip = {"clip": 0.1 if name.endswith("0.1") else 0.01} if wasserstein else {}
        divergence = None if name == "no-divergence" else FACTOR if wasserstein else JS
        yield (
            name,
            {
                **known,
                "title": f"The {name}",
                "objective": "wgan" if wasserstein else name,
                "divergence": divergence,
                "hyperparameters": clip,
                "techniques": {"sn": spectral, "r1": r1} if name == "hinge" else {},
            },
        )


def calibrated(folder, rows=None, tables=("estimates", "outputs", "pulls"), alone=True):
    """Give a made-up study a calibration."""
    manifest = json.loads((folder / "manifest.json").read_text())
    settings = {"steps": 300, "batch_size": 512, "seeds": [0], "per_variant": {}}
    manifest["settings"]["calibration"] = settings
    if alone:
        manifest |= {"variants": dict(variants()), "left_out": [], "extractors": {}, "budget": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "calibration").mkdir()
    content = {
        "estimates": pd.DataFrame(rows or list(estimates())),
        "outputs": pd.concat(outputs()),
        "pulls": pd.concat(pulls()),
    }
    for name in tables:
        content[name].to_parquet(folder / "calibration" / f"{name}.parquet")
    return folder


@pytest.fixture
def alone(build):
    """A study that has nothing but a calibration."""
    return lambda **other: calibrated(
        build(variants=(), cells=(), datasets=(), seeds=(), samples=False), **other
    )


def test_a_study_of_discriminators_alone_has_no_empty_parts(alone):
    text = write_report(alone()).read_text()
    shown = words(text)
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", text) == [
        *("Summary", "Calibration", "Objectives", "Provenance")
    ]
    targets = re.findall(r'<a href="#(\w+)">', text.split("</nav>")[0])
    assert targets == ["summary", "calibration", "objectives", "provenance"]
    for empty in ("0 of 0", "0 runs", "There is nothing to show", "seeds. A seed"):
        assert empty not in shown, shown[max(0, shown.find(empty) - 60) :][:120]
    assert not re.search(r"\b(nan|None)\b", shown)
    assert not re.search(r"<tbody>\s*</tbody>|<ul>\s*</ul>", text)
    assert "1 seed, 300 steps of 512 samples of each distribution a discriminator." in shown
    assert "discriminators trained 12 diverged 0 variants with a known truth 4 of 5" in shown


def test_every_part_has_its_file_and_every_file_its_part(alone):
    page = write_report(alone())
    text = page.read_text()
    linked = set(re.findall(r'<a href="((?:figures|tables)/[^"]+)"', text))
    assert all((page.parent / name).is_file() for name in linked)
    assert len([name for name in linked if name.endswith("svg")]) == 5
    assert {path.name for path in (page.parent / "figures").iterdir()} == {
        name.split("/")[1] for name in linked if name.endswith("svg")
    }
    table = pd.read_csv(page.parent / "tables" / "calibration-summary.csv").set_index("variant")
    worst = {"minimax": 0.01, "hinge": 0.07, "wgan": 0.2, "wgan-clip-0.1": 0.03}
    assert table["worst"].dropna().to_dict() == pytest.approx(worst)


def test_findings_are_the_numbers_of_the_tables(alone):
    shown = words(write_report(alone()).read_text()).replace("\u00a0", " ")
    for sentence in (
        "Within 2 % of the truth on every pair that this target is about (1): 1 of 2 variants.",
        "Farthest off at the worst: hinge (−7.0 % on shift-bounded-1d).",
        "Within 5 % of the truth on every pair that this target is about (2): 1 of 2 variants.",
        "Farthest off at the worst: wgan (−20 % on far-1d).",
        "Of 2 estimates that miss, 2 are too low.",
        "a critic’s mean slope is 0.80 of its largest",
        "Above the truth although theory says at most: hinge (1 pair).",
        "the error has median 25 % and is largest for minimax on far-1d (−50 %).",
        "Not judged (estimates no divergence that is known): no-divergence.",
    ):
        assert sentence in shown, sentence


def test_sentences_on_clipping_are_computed(alone):
    shown = words(write_report(alone()).read_text())
    assert "the factor is not the same on all pairs: the largest is 2.0 times the smallest" in shown
    # The made-up gap is W₁ (10 c)^(L + 1), twice that on one pair.
    assert "multiplies it by 0.10 (clip 0.01) and 1.0 (clip 0.1)" in shown
    assert "to the power 3.0 (depth 2) and 4.0 (depth 3), which is about the number" in shown


def test_a_factor_that_is_one_constant_is_called_so(alone):
    rows = [row | {"gap": row["truth"] * (2 if row["depth"] == 3 else 1)} for row in estimates()]
    shown = words(write_report(alone(rows=rows)).read_text())
    assert "the factor is the same on all pairs: the largest is 1.0 times the smallest" in shown
    assert "multiplies it by 2.0 (clip 0.01) and 2.0 (clip 0.1)" in shown
    assert "to the power 0 (depth 2) and 0 (depth 3), which is not the number" in shown


def test_sentences_on_pulls_are_computed(alone):
    shown = words(write_report(alone()).read_text())
    for sentence in (
        "minimax: from logit 0 to −15, where a sample is found out, the pull vanishes (0.500 to "
        "3.06×10⁻⁷); from θ = 1 to 10 it vanishes (0.368 to 4.54×10⁻⁵).",
        "the pull is constant (1); from θ = 1 to 10 it is zero.",
        "wgan: from logit 0 to −15, where a sample is found out, the pull is constant (1); from "
        "θ = 1 to 10 it is constant (1).",
        "not on a logarithmic axis, as the optimum is a step: hinge.",
    ):
        assert sentence in shown, sentence


def test_techniques_are_shown_with_settings_and_references(alone):
    shown = words(write_report(alone()).read_text())
    assert "+ Spectral normalisation Miyato 2018 + R1 (weight 5, every 16) Mescheder 2018" in shown
    assert "clip 0.1" in shown


@pytest.mark.parametrize("missing", ["estimates", "outputs", "pulls"])
def test_a_file_that_is_missing_costs_its_own_part_only(alone, missing):
    tables = [name for name in ("estimates", "outputs", "pulls") if name != missing]
    shown = words(write_report(alone(tables=tables)).read_text())
    assert ("How strongly a generator is pulled" in shown) == (missing != "pulls")
    assert ("Discriminators and their optima" in shown) == (missing == "pulls")
    assert ("Which variants reach the target" in shown) == (missing != "estimates")


def test_a_calibration_without_any_results_says_so(alone):
    page = write_report(alone(tables=()))
    shown = words(page.read_text())
    assert (page.parent / "figures").is_dir()
    assert "There is nothing to show: no run has left such results." in shown


def test_what_diverged_or_is_infinite_is_drawn_and_said(alone):
    rows = list(estimates())
    rows[0] |= {"status": "diverged", "value": np.nan}
    rows[1] |= {"truth": np.inf}
    rows[2] |= {"value": 5.0}
    rows[3] |= {"value": -1.0}
    shown = words(write_report(alone(rows=rows)).read_text()).replace("\u00a0", " ")
    assert "minimax (diverged on shift-bounded-1d)" in shown
    assert "The truth is infinite for 1 of 8 estimates" in shown
    assert "Without a dot: 1 of infinite truth." in shown
    assert "Without a dot: 2 that diverged or are not positive." in shown
    assert "+900 %" in shown


def test_captions_are_short(alone):
    captions = re.findall(r"<figcaption>(.*?)<a ", write_report(alone()).read_text(), flags=re.S)
    assert len(captions) == 10
    for caption in captions:
        assert len(re.findall(r"[.!?](?:\s|$)", words(caption).strip())) <= 4, caption


def test_a_study_that_also_trains_keeps_its_sections(build):
    folder = build(cells=(("ring8", "mlp"),), datasets=("ring8",), variants=tuple(RATIOS))
    before = write_report(folder).read_text()
    assert "alibration" not in words(before)
    text = write_report(calibrated(folder, alone=False)).read_text()
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert [name for name in headings if name != "Calibration"] == re.findall(
        r"<h2[^>]*>(.*?)</h2>", before
    )
    assert headings.index("Calibration") == headings.index("Loss and quality") + 1
    assert "runs finished" in text


def test_labels_are_moved_apart_in_their_order_and_no_further_than_needed():
    assert apart([0.2, 0.8], 0.1) == [0.2, 0.8]
    assert apart([0.5, 0.5, 0.5], 0.1) == pytest.approx([0.4, 0.5, 0.6])
    assert apart([0.52, 0.5, 0.1], 0.1) == pytest.approx([0.56, 0.46, 0.1])
    assert apart([0.0, 0.0], 0.1) == pytest.approx([0.0, 0.1])
    assert apart([1.0, 2.0], 0.1) == pytest.approx([0.9, 1.0])


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0123, "1.2 %"), (0.5, "50 %"), (0.00012, "0.01 %"), (0, "0.00 %"), (np.inf, "∞")],
)
def test_shares_have_two_digits(share, text):
    assert percent(share).replace("\u00a0", " ") == text
    assert percent(-0.034, sign=True) == "−3.4\u00a0%"
    assert target(0.05) == "5\u00a0%"
