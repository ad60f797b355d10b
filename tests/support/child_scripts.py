"""Parts of programs that tests and proofs run in processes of their own."""

GOMP = """
def gomp():
    "A region of two threads of the same OpenMP, by somebody else."
    import ctypes
    work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
    ctypes.CDLL("libgomp.so.1").GOMP_parallel(work, None, 2, 0)
"""
