"""`RNNForecaster` inside other forecasting libraries, so that their back-testing runs it.

Each file needs the library that it is called after. Not here: how a forecast is made.
"""
