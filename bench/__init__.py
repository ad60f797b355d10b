"""The benchmarks, ``python -m bench NAME`` from the root of the repository; see README.md.

A command is the file of its name: kernels, dropins, programs, pools, forecast, instructions,
targets. ``ours`` is fusedrnn as a contestant, ``peers/`` has the others, ``models/`` the programs,
and the rest is what they are timed with.
Not here: assertions about results that belong to the package (tests/), and code that it needs.
"""
