from fusedrnn.backend import *
