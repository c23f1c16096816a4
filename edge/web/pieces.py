"""What a client of `cdat-edge serve` sends, in bytes: constants of the server and its clients.

docs/serve.md has the protocol.
"""

from __future__ import annotations

import struct

PROTOCOL = 1
HEADER = struct.Struct("<B7xq")
"""Kind, seven bytes that are not used, and the capture time in nanoseconds. 16 bytes, so that the
samples behind it are aligned."""
PICTURE, SOUND = 1, 2
"""The kinds."""
