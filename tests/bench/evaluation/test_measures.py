"""Each statistic on an example that can be worked out by hand."""

import math

import pytest

from bench.evaluation.measures import accuracy_at, auc, calibration_error, gain, mean, pinball, recall


def test_auc_counts_the_pairs_in_the_right_order() -> None:
    # Pairs (true, false): .9>.8, .9>.1, .4<.8, .4>.1: three of four.
    assert auc([0.9, 0.8, 0.4, 0.1], [True, False, True, False]) == 0.75
    assert auc([0.5, 0.5], [True, False]) == 0.5, "a tie counts half"
    assert math.isnan(auc([0.5, 0.6], [True, True]))
    assert math.isnan(auc([], []))


def test_calibration_error_is_the_distance_between_word_and_deed() -> None:
    # Bin .6: said .65 and .65, one came true (.5): .15. Bin .9: said .95 twice, both came true: .05.
    assert calibration_error([0.65, 0.65, 0.95, 0.95], [1, 0, 1, 1]) == pytest.approx(0.10)
    assert calibration_error([1.0], [1]) == 0, "certainty belongs to the last bin"
    assert math.isnan(calibration_error([], []))


def test_accuracy_at_a_coverage_takes_the_surest() -> None:
    confidences, hits = [0.2, 0.9, 0.6, 0.4], [False, True, True, False]
    assert accuracy_at(0.5, confidences, hits, 4) == 1
    assert accuracy_at(1, confidences, hits, 4) == 0.5
    assert math.isnan(accuracy_at(1, confidences, hits, 5)), "one was not answered"
    assert math.isnan(accuracy_at(0.5, [], [], 0))


def test_a_list_is_measured_by_what_it_names_and_where() -> None:
    assert recall(["milk", "soup"], {"milk", "bread", "beer", "tea"}) == 0.25
    assert gain(["milk", "soup"], {"milk"}) == 1
    assert gain(["soup", "milk"], {"milk"}) == pytest.approx(1 / math.log2(3))
    assert gain(["milk"], {"milk", "bread"}) == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_pinball_punishes_a_low_quantile_for_being_high() -> None:
    assert pinball(0.1, [2.0, 2.0], [1.0, 3.0]).tolist() == pytest.approx([0.9, 0.1])
    assert pinball(0.9, [2.0, 2.0], [1.0, 3.0]).tolist() == pytest.approx([0.1, 0.9])


def test_of_nothing_there_is_no_mean() -> None:
    assert math.isnan(mean([]))
    assert mean([1, 2]) == 1.5
