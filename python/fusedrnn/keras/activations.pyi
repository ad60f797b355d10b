from fusedrnn.activations import *
