"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.rules.rule import Comparator
from jupyter_deployfeedback.feedback.quantities import duration, limit_text, measured, quantity, unbroken


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "s", "—"),
        (0, "s", "0 s"),
        (2.5e-7, "s", "0.250 µs"),
        (0.000182, "s", "182 µs"),
        (0.0182, "s", "18.2 ms"),
        (0.99951, "s", "1.00 s"),
        (1234.5, "s", "1,234 s"),
        (0, "B", "0 B"),
        (512, "B", "512 B"),
        (1536, "B", "1.50 KiB"),
        (231 * 2**20, "B", "231 MiB"),
        (1.5 * 2**30, "B", "1.50 GiB"),
        (0.123, "cores", "0.123 cores"),
        (12.0, "cores", "12 cores"),
        (0.974, "share", "97.4 %"),
        (1, "share", "100 %"),
        (0, "share", "0 %"),
        (0.0014, "share", "0.14 %"),
        (0.9995, "share", "99.950 %"),
        (1234, "requests", "1,234 requests"),
        (61.34, "/s", "61.3 /s"),
        (-0.5, "", "−0.500"),
        (3, "", "3"),
        (12345.6, "EUR", "12,346 EUR"),
        (1e-9, "", "1e−09"),
        (1e18, "", "1e+18"),
    ],
)
def test_a_quantity_has_a_readable_unit_and_three_digits(value: float | None, unit: str, expected: str) -> None:
    assert quantity(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "interval", "unit", "expected"),
    [
        (-0.121, (-0.138, -0.104), "%", "−12 % [−14, −10]"),
        (0.06, (-0.01, 0.135), "%", "+6.0 % [−1.0, +13.5]"),
        (-0.01, (-0.0236, 0.0027), "pp", "−1.0 pp [−2.4, +0.3]"),
        (-0.141, (-0.221, -0.0743), "pp", "−14.1 pp [−22.1, −7.4]"),
        (0.0, (-0.0089, 0.0089), "pp", "0.00 pp [−0.89, +0.89]"),
        (-0.0019, (-0.0028, -0.0011), "s", "−1.90 ms [−2.80, −1.10]"),
        (-0.0004, (-0.0012, 0.0003), "s", "−0.40 ms [−1.20, +0.30]"),
        (-4, None, "requests", "−4 requests"),
        (0, (-2.7, 2.7), "requests", "0.0 requests [−2.7, +2.7]"),
        (-0.008, (-0.016, -0.0001), "pp", "−0.80 pp [−1.60, −0.01]"),
        (-0.008, (-0.016, 0.0), "pp", "−0.8 pp [−1.6, 0.0]"),
    ],
)
def test_a_change_is_signed_and_shares_its_scale_with_its_interval(
    value: float, interval: tuple[float, float] | None, unit: str, expected: str
) -> None:
    assert str(measured(value, interval, unit, signed=True)) == expected


def test_no_errors_in_300_requests_shows_how_many_are_possible() -> None:
    assert str(measured(0.0, (0.0, 0.0099), "share")) == "0.00 % [0.00, 0.99]"


def test_a_value_just_beyond_its_limit_is_not_written_like_the_limit() -> None:
    assert str(measured(-0.01004, (-0.0236, 0.0027), "pp", signed=True, limit=-0.01)) == "−1.004 pp [−2.360, +0.270]"


def test_a_value_at_its_limit_is_written_like_the_limit() -> None:
    assert str(measured(0.3, None, "s", limit=0.3)) == "300 ms"


@pytest.mark.parametrize(
    ("comparator", "limit", "unit", "signed", "expected"),
    [
        (Comparator.BELOW, 0.3, "s", False, "< 300 ms"),
        (Comparator.AT_MOST, 0.1, "%", True, "≤ +10 %"),
        (Comparator.AT_LEAST, -0.01, "pp", True, "≥ −1 pp"),
        (Comparator.AT_LEAST, 0.95, "share", False, "≥ 95 %"),
        (Comparator.AT_LEAST, 0.29, "share", False, "≥ 29 %"),
        (Comparator.AT_MOST, 1.5 * 2**30, "B", False, "≤ 1.5 GiB"),
        (Comparator.AT_MOST, 1.5e9, "B", False, "≤ 1.5 GB"),
        (Comparator.BELOW, 0.02, "s", True, "< +20 ms"),
        (Comparator.EQUAL, 0, "kills", False, "= 0 kills"),
        (Comparator.AT_LEAST, 50, "/s", False, "≥ 50 /s"),
        (None, 0.3, "s", False, "300 ms"),
        (Comparator.BELOW, None, "s", False, "—"),
    ],
)
def test_a_limit_is_as_short_as_it_is_exact(
    comparator: Comparator | None, limit: float | None, unit: str, *, signed: bool, expected: str
) -> None:
    assert limit_text(comparator, limit, unit, signed=signed) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, "—"), (0.85, "850 ms"), (12.4, "12.4 s"), (59.99, "1 min 0 s"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations_are_as_people_say_them(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


def test_no_line_ends_between_number_and_unit() -> None:
    text = unbroken("18 % lower [−14, −10]; limit ≤ +10 %; 500 pairs", blank="_")
    assert text == "18_% lower [−14,_−10]; limit ≤_+10_%; 500 pairs"


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    edge=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["s", "B", "cores", "share", "pp", "%", "/s", "requests", "", "EUR"]),
    signed=st.booleans(),
)
def test_every_finite_number_can_be_written(*, value: float, edge: float, unit: str, signed: bool) -> None:
    text = str(measured(value, (min(value, edge), max(value, edge)), unit, signed=signed, limit=edge))
    assert "nan" not in text
    assert "-" not in text
    assert "inf" not in text


def test_a_limit_too_large_for_per_cent_stays_a_number() -> None:
    assert limit_text(Comparator.AT_MOST, 1.797693134862316e306, "%") == "≤ 1.797693135e+308 %"
