"""Numbers as people read them: three significant digits, uncertainty as ± half width."""

from __future__ import annotations

import math
from collections.abc import Iterable

DASH = "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_SHORT = {
    "Kullback-Leibler": "KL",
    "Jensen-Shannon divergence between": "JS of",
    "Jensen-Shannon": "JS",
    "1-Wasserstein distance": "W₁",
}


def number(value: float | None) -> str:
    """Return ``value`` with three significant digits; a dash for NaN or None."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if not 1e-3 <= abs(rounded) < 1e6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{_minus(mantissa)}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return _fixed(value, _decimals(rounded))


def estimate(mean: float, half_width: float) -> str:
    """Return ``mean ± half_width``, both to the last digit that three digits of the mean show.

    A half width that this would round away has one digit more. Without a half width, the mean.
    """
    if math.isnan(mean) or math.isinf(mean) or math.isnan(half_width):
        return number(mean)
    if abs(mean) >= 1e6 or 0 < max(abs(mean), half_width) < 1e-3:
        return f"{number(mean)} ± {number(half_width)}"
    decimals = _decimals(float(f"{max(abs(mean), half_width):.3g}"))
    if 0 < half_width < 0.5 * 10.0**-decimals:
        decimals += 1
    return f"{_fixed(mean, decimals)} ± {_fixed(half_width, decimals)}"


def limits(value: float, low: float, high: float) -> str:
    """Return a value with its limits, as ``1.7 [0.6, 2.8]``, two digits of half their distance."""
    if not math.isfinite(value) or math.isnan(low):
        return number(value)
    half = (high - low) / 2
    digits = float(f"{half or value:.2g}")
    decimals = max(0, 1 - math.floor(math.log10(abs(digits)))) if digits else 2
    shown = (_fixed(each, decimals) for each in (value, low, high))
    return "{} [{},\u00a0{}]".format(*shown)


def ratio(value: float, low: float, high: float) -> str:
    """Return a ratio with its interval, as ``3.4 (1.2 to 9.6)``, to two digits."""
    if math.isnan(value):
        return DASH
    if math.isnan(low):
        return f"{two(value)}×"
    return f"{two(value)}× ({two(low)} to {two(high)})"


def p_value(value: float) -> str:
    """Return a p value with two decimals, or its bound."""
    if math.isnan(value):
        return DASH
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def whole(value: float) -> str:
    """Return a count with thin spaces between thousands."""
    return DASH if math.isnan(value) else f"{value:,.0f}".replace(",", "\u202f")


def percent(value: float, sign: bool = False) -> str:
    """Return a share as a percentage with two digits, or whole from 10 % on."""
    if not math.isfinite(value):
        return number(value)
    scaled = 100 * value
    digits = 1 - math.floor(math.log10(abs(scaled))) if abs(scaled) >= 0.01 else 2
    text = f"{scaled:{'+' if sign else ''}.{min(max(digits, 0), 2)}f}"
    return f"{_minus(text)}\u00a0%"


def short(divergence: str) -> str:
    """Return a divergence's name with its longest parts abbreviated."""
    for name, abbreviation in _SHORT.items():
        divergence = divergence.replace(name, abbreviation)
    return divergence


def target(share: float) -> str:
    """Return a share that is known exactly as a percentage."""
    return f"{100 * share:g}\u00a0%"


def setting(value: object) -> str:
    """Return a hyper-parameter's value as a study would give it, without a needless ``.0``."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def span(counts: Iterable[float]) -> str:
    """Return the numbers of seeds, or of snapshots, behind a figure, as ``3`` or ``2 to 3``."""
    known = [int(count) for count in counts if not math.isnan(count)]
    if not known:
        return DASH
    low, high = min(known), max(known)
    return str(high) if low == high else f"{low} to {high}"


def seconds(value: float) -> str:
    """Return a duration in the units that people use."""
    if math.isnan(value):
        return DASH
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{value / 3600:.1f} h"


def _decimals(rounded: float) -> int:
    """Return the decimals that show three significant digits of a number already rounded so."""
    return 2 if rounded == 0 else max(0, 2 - math.floor(math.log10(abs(rounded))))


def _fixed(value: float, decimals: int) -> str:
    text = _minus(f"{value:,.{decimals}f}").replace(",", "\u202f")
    return text.removeprefix("−") if float(f"{value:.{decimals}f}") == 0 else text


def _minus(text: str) -> str:
    return text.replace("-", "−")


def two(value: float) -> str:
    """Return a positive number with two digits or more."""
    rounded = float(f"{value:.2g}")
    if not 1e-2 <= rounded < 1e4:
        return number(value)
    return f"{value:.{max(0, 1 - math.floor(math.log10(rounded)))}f}"
