"""What becomes of the memory of a step's tensors when the step is over.

glibc gives large pieces back to the kernel as soon as they are free. The next step asks for them again, and the kernel
clears them page by page: 22 MB in a denoising step of sixteen canvases of the bundled model.
"""

import ctypes
import os
import sys

MMAP_THRESHOLD = 1 << 25  # bytes of a piece from which on it is got from the kernel by itself: the most there can be
KEPT = 1 << 28  # bytes
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_TOLD = ("GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_")


def keep_memory(kept: int = KEPT) -> bool:
    """Has glibc keep up to `kept` bytes of free memory in each of its arenas, for the whole process.

    Does nothing, and returns False, where there is no glibc, or where the environment tells glibc what to do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None or any(name in os.environ for name in _TOLD):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD) and mallopt(_M_TRIM_THRESHOLD, kept))
