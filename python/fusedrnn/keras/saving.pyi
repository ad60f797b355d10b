from fusedrnn.saving import *
