from fusedrnn.ops import *
