from fusedrnn.losses import *
