from fusedrnn.callbacks import *
