from fusedrnn.preprocessing import *
