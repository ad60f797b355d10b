"""``python -m fusedrnn``: the command ``fusedrnn``."""

import sys

from .cli.main import main

sys.exit(main())
