from fusedrnn.preprocessing.sequence import *
