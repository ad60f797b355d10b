from fusedrnn.layers import *
