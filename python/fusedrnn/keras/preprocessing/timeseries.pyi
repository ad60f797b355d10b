from fusedrnn.preprocessing.timeseries import *
