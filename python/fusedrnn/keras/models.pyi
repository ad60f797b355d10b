from fusedrnn.models import *
