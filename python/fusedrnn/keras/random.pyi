from fusedrnn.random import *
