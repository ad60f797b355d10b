# The LSTM model and the GRU model of the lesson.
from fusedrnn.layers import GRU, LSTM, Dense
from fusedrnn.models import Sequential

time_step = 10

# LSTM
lstm_model = Sequential()
lstm_model.add(LSTM(50, return_sequences=True, input_shape=(time_step, 1)))
lstm_model.add(LSTM(50))
lstm_model.add(Dense(1))
lstm_model.compile(optimizer="adam", loss="mean_squared_error")

# GRU
gru_model = Sequential()
gru_model.add(GRU(50, return_sequences=True, input_shape=(time_step, 1)))
gru_model.add(GRU(50))
gru_model.add(Dense(1))
gru_model.compile(optimizer="adam", loss="mean_squared_error")

if __name__ == "__main__":
    lstm_model.summary()
    gru_model.summary()
