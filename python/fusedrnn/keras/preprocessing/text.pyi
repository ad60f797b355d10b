from fusedrnn.preprocessing.text import *
