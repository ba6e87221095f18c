import math

import pytest

from bench.report.formats import estimate, limits, number, p_value, ratio, seconds, span, whole

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (12.345, "12.3"),
        (0.9996, "1.00"),
        (1234.5, "1\u202f234"),
        (2.5e-5, "2.50×10⁻⁵"),
        (-3.0e7, "−3.00×10⁷"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (math.inf, "∞"),
        (NAN, "–"),
        (None, "–"),
    ],
)
def test_three_significant_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.12345, 0.0456, "0.123 ± 0.046"),
        (7.666, 1.434, "7.67 ± 1.43"),
        (0.123, 0.0002, "0.1230 ± 0.0002"),
        (0.01, 1.5, "0.01 ± 1.50"),
        (871.2, 12.3, "871 ± 12"),
        (8.0, 0.0, "8.00 ± 0.00"),
        (2e-5, 1e-5, "2.00×10⁻⁵ ± 1.00×10⁻⁵"),
        (0.5, NAN, "0.500"),
        (math.inf, NAN, "∞"),
        (NAN, 1.0, "–"),
    ],
)
def test_uncertainty_has_the_digits_of_its_mean(mean, half, text):
    assert estimate(mean, half) == text


def test_other_numbers():
    assert ratio(3.456, 1.234, 12.34) == "3.5× (1.2 to 12)"
    assert ratio(0.0995, 0.0123, 0.5) == "0.10× (0.012 to 0.50)"
    assert ratio(2.0, NAN, NAN) == "2.0×"
    assert ratio(NAN, NAN, NAN) == "–"
    assert [p_value(p) for p in (0.0001, 0.0123, 0.5, NAN)] == ["< 0.001", "0.012", "0.50", "–"]
    assert whole(384000) == "384\u202f000"
    assert [seconds(s) for s in (1.234, 42, 1680, 9000)] == ["1.2 s", "42 s", "28 min", "2.5 h"]


def test_a_span_of_counts():
    assert [span(counts) for counts in ([3, 3], [2, 3.0, NAN], [NAN], [])] == [
        "3",
        "2 to 3",
        "–",
        "–",
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1.7, 0.6, 2.8), "1.7 [0.6,\u00a02.8]"),
        ((-0.0206, -0.0292, -0.012), "−0.0206 [−0.0292,\u00a0−0.0120]"),
        ((310.0, 12.0, 608.0), "310 [12,\u00a0608]"),
        ((0.001, -0.4, 0.402), "0.00 [−0.40,\u00a00.40]"),
        ((1.0, 1.0, 1.0), "1.0 [1.0,\u00a01.0]"),
        ((0.0, 0.0, 0.0), "0.00 [0.00,\u00a00.00]"),
        ((1.234, NAN, NAN), "1.23"),
        ((math.inf, NAN, NAN), "∞"),
        ((NAN, NAN, NAN), "–"),
    ],
)
def test_limits_have_two_digits_of_half_their_distance(values, text):
    assert limits(*values) == text
