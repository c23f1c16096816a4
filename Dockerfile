# The runtime on a processor, without torch. Not yet built: see docs/docker.md, also for devices.
# Python 3.11: the only version for which pocketsphinx has wheels on x86-64 and on aarch64.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY edge edge
COPY train train
COPY export export
COPY configs configs
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
# The last one leads sound from ALSA, which PortAudio opens, to the host's PulseAudio.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends \
        libportaudio2 libgl1 libglib2.0-0 libasound2-plugins \
    && rm -rf /var/lib/apt/lists/*
# Not root: a camera and a sound card are opened through their groups.
RUN useradd --create-home --uid 1000 --groups video,audio cdat \
    && mkdir -p /cache /data && chown cdat:cdat /cache /data
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    wheel=$(echo /wheels/*.whl) \
    && pip install --no-cache-dir "${wheel}[dashboard,outputs-http]"
# Models and plans outlive the container if a volume lies at /cache.
ENV XDG_CACHE_HOME=/cache VOSK_MODEL_PATH=/cache/vosk PYTHONUNBUFFERED=1
USER 1000
WORKDIR /data
EXPOSE 8766
# Healthy: a verdict came within the last seconds. Loopback, so without a token.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8770/healthz', timeout=4)"]
ENTRYPOINT ["cdat-edge"]
CMD ["run", "--start-without", "--http", "127.0.0.1:8770"]
