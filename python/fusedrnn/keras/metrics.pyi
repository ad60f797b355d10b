from fusedrnn.metrics import *
