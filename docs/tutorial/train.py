# Train both models on sales_data.csv (columns date and sales) and compare their losses.
import numpy as np
import pandas as pd
from models import gru_model, lstm_model, time_step
from sklearn.preprocessing import MinMaxScaler

data = pd.read_csv("sales_data.csv")
scaler = MinMaxScaler(feature_range=(0, 1))
scaled_data = scaler.fit_transform(data[["sales"]])


def create_dataset(data, time_step):
    X, y = [], []
    for i in range(len(data) - time_step):
        X.append(data[i : i + time_step, 0])
        y.append(data[i + time_step, 0])
    return np.array(X), np.array(y)


train_size = int(len(scaled_data) * 0.8)
X_train, y_train = create_dataset(scaled_data[:train_size], time_step)
X_test, y_test = create_dataset(scaled_data[train_size:], time_step)
X_train = X_train.reshape(X_train.shape[0], time_step, 1)
X_test = X_test.reshape(X_test.shape[0], time_step, 1)

lstm_model.fit(X_train, y_train, epochs=20, batch_size=32, validation_data=(X_test, y_test))
gru_model.fit(X_train, y_train, epochs=20, batch_size=32, validation_data=(X_test, y_test))

lstm_loss = lstm_model.evaluate(X_test, y_test)
gru_loss = gru_model.evaluate(X_test, y_test)
print(f"LSTM loss: {lstm_loss}")
print(f"GRU loss: {gru_loss}")
