"""Options: checked once, the same everywhere, and found where they are left out."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from forecast_tables import growing, sales
from fusedrnn.cli.main import parser
from fusedrnn.forecast import RNNForecaster, Settings, compare
from fusedrnn.forecast.settings import PanelOptions, TableOptions, choices


@pytest.mark.parametrize(
    ("season", "rows", "covariates", "steps"),
    [
        *((7, 900, False, 28), (12, 200, False, 14), (52, 300, False, 54), (24, 2000, False, 26)),
        *((12, 28, False, 9), (1, 3, False, 1), (4, 80, False, 14), (12, 28, True, 9)),
    ],
)
def test_how_far_networks_see_is_found(season, rows, covariates, steps):
    horizon = 9 if covariates else 1
    found = Settings(horizon=horizon).settled(season, rows, covariates)
    assert found.timesteps == steps
    assert Settings(timesteps=5).settled(season, rows, covariates).timesteps == 5


def test_the_textbook_series_of_36_months_runs_with_the_defaults():
    result = compare(growing(36), epochs=2, seeds=1)
    assert result.settings.timesteps == 9
    assert "GRU" in result.verdict


def test_networks_for_each_series_or_over_all_and_their_epochs():
    few = Settings().settled(7, 1000, covariates=False, series=50)
    many = Settings().settled(7, 1000, covariates=False, series=3000)
    assert (few.scope, few.epochs) == ("local", 100)
    assert (many.scope, many.epochs) == ("global", 5)
    asked = Settings(scope="local", epochs=3).settled(7, 1000, covariates=False, series=3000)
    assert (asked.scope, asked.epochs) == ("local", 3)


@pytest.mark.parametrize("kind", [TableOptions, PanelOptions, Settings])
@pytest.mark.parametrize("function", [compare, RNNForecaster])
def test_every_option_is_a_keyword_with_the_same_default(kind, function):
    keywords = inspect.signature(function).parameters
    missing = {field.name for field in fields(kind)} - set(keywords)
    elsewhere = {"seed", "test_size", "step", "folds", "models"}  # of no use to a forecaster's fit
    assert missing == (elsewhere if (kind, function) == (Settings, RNNForecaster) else set())
    for field in fields(kind):
        if field.name not in missing:
            assert keywords[field.name].default == field.default
            assert keywords[field.name].kind is inspect.Parameter.KEYWORD_ONLY


def test_quarters_and_months_are_fed_back_unless_something_speaks_against_it():
    def strategy(season, settings=None, **more):
        return (settings or Settings(horizon=6)).settled(season, 200, False, **more).strategy

    assert [strategy(season) for season in (4, 12, 13)] == ["recursive"] * 3
    assert [strategy(season) for season in (1, 7, 24, 52)] == ["direct"] * 4
    assert strategy(12, series=300) == strategy(12, static=True) == "direct"
    assert strategy(12, past=True) == "direct"
    for told in ("direct", "recursive"):
        settings = Settings(horizon=6, strategy=told)
        assert strategy(12, settings) == strategy(7, settings) == told


@pytest.mark.parametrize("kind", [TableOptions, PanelOptions, Settings])
def test_every_option_is_one_of_the_command_line_with_the_same_default(kind):
    given = vars(parser().parse_args(["compare"]))
    assert {field.name: given[field.name] for field in fields(kind)} == vars(kind())


@pytest.mark.parametrize(
    ("option", "words"), [*choices(PanelOptions).items(), *choices(Settings).items()]
)
def test_the_command_line_takes_the_words_of_an_option_and_no_other(option, words, capsys):
    flag = f"--{option.replace('_', '-')}"
    for word in words:
        assert vars(parser().parse_args(["compare", flag, word]))[option] == word
    with pytest.raises(SystemExit):
        parser().parse_args(["compare", flag, "other"])
    assert f"argument {flag}: 'other' is none of {', '.join(words)}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": "comma"}, "decimal is 'comma', expected a character as . or ,"),
        ({"thousands": ""}, "thousands is '', expected a character as . or ,"),
        ({"thousands": ".", "decimal": "."}, "thousands is '.', which is also the decimal point"),
        (
            {"future_covariates": ["rain"], "past_covariates": ["rain"]},
            "covariate 'rain' is both known in advance and only afterwards",
        ),
        ({"categories": ["event"]}, "categories: 'event' is not among the covariates"),
        (
            {"wide": True, "past_covariates": ["rain", "wind"]},
            "a wide table has no column for covariates: rain, wind",
        ),
        ({"season": 0}, "season is 0, expected at least 1"),
        ({"season": 2.5}, "season is 2.5, expected a whole number"),
        (
            {"missing_dates": "sometimes"},
            "missing_dates is 'sometimes', expected one of error, zero, previous, seasonal, closed",
        ),
        ({"strategy": "best"}, "strategy is 'best', expected one of auto, direct, recursive"),
        ({"units": 0}, "units is 0, expected at least 1"),
        ({"units": True}, "units is True, expected a whole number"),
        ({"learning_rate": "high"}, "learning_rate is 'high', expected a number"),
    ],
)
def test_an_unfit_option_is_named_whoever_takes_it(options, message):
    frame = sales(60)
    for call in (compare, lambda frame, **options: RNNForecaster(**options).fit(frame)):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call(frame, **options)


@pytest.mark.parametrize("function", [compare, RNNForecaster])
def test_an_unknown_keyword_is_named(function):
    with pytest.raises(TypeError, match="unexpected keyword argument 'mood'"):
        function(mood="good")
