from fusedrnn.datasets import *
