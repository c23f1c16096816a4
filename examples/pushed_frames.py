"""Pictures and sound of your own (a ROS node, GStreamer, a game), pushed with their capture times.

python examples/pushed_frames.py
"""

from __future__ import annotations

import numpy as np

import edge

NS_PER_S = 1_000_000_000


def main() -> None:
    rng = np.random.default_rng(0)
    with edge.Session(streams=["vision", "audio"], asr="none") as session:
        for k in range(50):  # 2 s at 25 pictures a second
            t_ns = k * NS_PER_S // 25
            picture = rng.integers(0, 255, (480, 640, 3), dtype=np.uint8)
            sound = 0.01 * rng.standard_normal(640).astype(np.float32)
            for verdict in session.push_frame(picture, t_ns) + session.push_samples(sound, t_ns):
                print(verdict.to_json())
        for verdict in session.finish():  # the windows that are still open
            print(verdict.to_json())


if __name__ == "__main__":
    main()
