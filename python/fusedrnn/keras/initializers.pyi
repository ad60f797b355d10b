from fusedrnn.initializers import *
