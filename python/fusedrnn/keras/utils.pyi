from fusedrnn.utils import *
