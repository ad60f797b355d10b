from fusedrnn.optimizers.schedules import *
