"""scikit-learn: LSTM or GRU, chosen by cross-validation on past and future."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fusedrnn.sklearn import RNNRegressor

t = np.arange(300)
sales = 200 + 40 * np.sin(t * 2 * np.pi / 7) + np.random.default_rng(0).normal(0, 5, t.size)
windows = np.lib.stride_tricks.sliding_window_view(sales, 15)
X, y = windows[:, :-1], windows[:, -1]  # two weeks, and the day after

rnn = RNNRegressor(units=16, epochs=40, patience=5, random_state=0)
model = TransformedTargetRegressor(
    make_pipeline(StandardScaler(), rnn), transformer=StandardScaler()
)
search = GridSearchCV(
    model, {"regressor__rnnregressor__cell": ["lstm", "gru"]}, cv=TimeSeriesSplit(3)
)
search.fit(X, y)
print("chosen", search.best_params_, "R2", round(search.best_score_, 3))
