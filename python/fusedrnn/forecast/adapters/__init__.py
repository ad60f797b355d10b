"""`RNNForecaster` inside other forecasting libraries, so that their back-testing runs it.

`hierarchical` brings its forecasts of series and totals together.

Each file needs the library that it is called after. Not here: how a forecast is made.
"""
