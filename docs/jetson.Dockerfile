# JetPack 6 (L4T R36): CUDA, cuDNN and TensorRT 10 with its Python API come from the base image.
# Not yet built on a Jetson. See docs/jetson.md.
FROM nvcr.io/nvidia/l4t-jetpack:r36.4.0

# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
        python3-venv python3-dev python3-libnvinfer gcc libc6-dev \
        libportaudio2 libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/cdat-edge
COPY pyproject.toml README.md LICENSE ./
COPY edge edge
COPY train train
COPY export export
COPY configs configs
# The environment sees the system's packages, of which tensorrt is one.
RUN python3 -m venv --system-site-packages /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir '.[tensorrt,dashboard,bench]'
# Plans are kept in /cache/cdat-edge, where a volume can lie.
ENV PATH=/opt/venv/bin:$PATH XDG_CACHE_HOME=/cache

CMD ["cdat-edge", "run", "--camera", "0", "--mic", "default"]
