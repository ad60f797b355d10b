from fusedrnn.constraints import *
