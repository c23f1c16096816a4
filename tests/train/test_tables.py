"""Exact text of tables and of the numbers in them."""

from __future__ import annotations

from train.tables import bounds, chances, gain, gain_and_chances, percent, plus_minus, table

GAIN = {"mean": 0.0123, "sd": 0.01, "interval": [-0.001, 0.0256], "t_p": 0.049, "wilcoxon_p": 0.124}


def test_a_table_has_a_line_below_its_header() -> None:
    page = table(["name", "n"], [["a", "1"], ["b", "2"]])
    assert page == "| name | n |\n| --- | --- |\n| a | 1 |\n| b | 2 |"


def test_the_format_of_means_shares_and_p_values() -> None:
    assert plus_minus({"mean": 0.5, "sd": 0.0123}) == "50.0 ± 1.2"
    assert plus_minus({"mean": 0.5, "sd": 0.0123}, 1) == "0.500 ± 0.012"
    assert percent(0.1234) == "12.3"
    assert chances([0.0123, None, 1.0]) == "0.012 / - / 1.000"


def test_a_gain_has_a_sign_and_its_interval() -> None:
    assert gain(GAIN) == "+1.2 (-0.1 to +2.6)"
    assert gain(GAIN, 1) == "+0.012 (-0.001 to +0.026)"
    assert gain_and_chances(GAIN) == "+1.23 (-0.10 to +2.56; 0.05 / 0.12)"
    assert bounds(None) == "-"


def test_a_gain_of_one_seed_has_no_interval() -> None:
    one = {"mean": 0.01, "sd": 0.0, "interval": None, "t_p": None, "wilcoxon_p": None}
    assert gain(one) == "+1.0 (-)"
    assert gain_and_chances(one) == "+1.00"
