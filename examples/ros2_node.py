"""A ROS 2 node: the pictures of a topic in, verdicts out.

python examples/ros2_node.py --ros-args -r image:=/camera/image_raw -r sound:=/microphone/audio

Needs a sourced ROS 2 (rclpy, sensor_msgs, std_msgs), which no package index holds. It subscribes to
`image` (sensor_msgs/Image) and, where audio_common_msgs is installed, to `sound` (AudioDataStamped:
16-bit mono at 16 kHz). It publishes `verdict` (std_msgs/String, an object as `--jsonl` writes it)
and `emotion` (std_msgs/String, the label; empty where it is withheld).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import edge
from edge.errors import SourceError

CHANNELS = {"bgr8": 3, "rgb8": 3, "bgra8": 4, "rgba8": 4, "mono8": 1}


def picture(message: Any) -> NDArray[np.uint8]:
    """A sensor_msgs/Image as (height, width, 3), blue first. Its rows may be padded."""
    channels = CHANNELS.get(message.encoding)
    if channels is None:
        known = ", ".join(CHANNELS)
        raise SourceError(f"Pictures are {message.encoding}: publish one of {known}.")
    data = np.frombuffer(bytes(message.data), np.uint8)
    if data.size != message.height * message.step or message.step < message.width * channels:
        raise SourceError(
            f"A picture of {message.width} x {message.height} came with {data.size} bytes."
        )
    rows = data.reshape(message.height, message.step)
    pixels = rows[:, : message.width * channels].reshape(message.height, message.width, channels)
    if channels == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(
        pixels[..., :3] if message.encoding[0] == "b" else pixels[..., 2::-1]
    )


def captured_ns(message: Any) -> int:
    """The capture time of a stamped message."""
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)


class Recogniser:
    """Messages in, verdicts out; knows nothing of rclpy. One thread, that of the executor."""

    def __init__(self, streams: list[str]) -> None:
        self._session = edge.Session(streams=streams, asr="none")

    def on_image(self, message: Any) -> list[edge.Verdict]:
        """The verdicts of the windows that this picture closes. Raises: SourceError."""
        return self._session.push_frame(picture(message), captured_ns(message))

    def on_sound(self, message: Any) -> list[edge.Verdict]:
        """The same for a piece of sound."""
        if len(message.audio.data) % 2:
            raise SourceError("Sound came with half a sample.")
        samples = np.frombuffer(bytes(message.audio.data), "<i2")
        return self._session.push_samples(samples, captured_ns(message))

    def close(self) -> None:
        """Free the networks."""
        self._session.close()


def main() -> None:
    """Subscribe, and publish until the node is stopped."""
    import rclpy
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import Image
    from std_msgs.msg import String

    try:
        from audio_common_msgs.msg import AudioDataStamped
    except ImportError:
        AudioDataStamped = None

    rclpy.init()
    node = rclpy.create_node("cdat_edge")
    recogniser = Recogniser(["vision", "audio"] if AudioDataStamped else ["vision"])
    verdicts = node.create_publisher(String, "verdict", 10)
    labels = node.create_publisher(String, "emotion", 10)

    def subscribe(kind: Any, topic: str, accept: Any) -> None:
        def accepted(message: Any) -> None:
            try:
                found = accept(message)
            except SourceError as error:  # an old stamp, or another encoding
                node.get_logger().warning(str(error), throttle_duration_sec=5.0)
                return
            for verdict in found:
                verdicts.publish(String(data=verdict.to_json()))
                labels.publish(String(data=verdict.label or ""))

        node.create_subscription(kind, topic, accepted, qos_profile_sensor_data)

    subscribe(Image, "image", recogniser.on_image)
    if AudioDataStamped:
        subscribe(AudioDataStamped, "sound", recogniser.on_sound)
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        recogniser.close()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
