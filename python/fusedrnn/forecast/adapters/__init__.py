"""`RNNForecaster` inside other forecasting libraries, so that their back-testing runs it.

Each file needs the library that it is called after, and imports nothing of the others.
"""
