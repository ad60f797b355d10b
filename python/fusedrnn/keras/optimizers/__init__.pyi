from fusedrnn.optimizers import *
