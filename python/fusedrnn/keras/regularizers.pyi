from fusedrnn.regularizers import *
