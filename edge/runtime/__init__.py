"""The runtime: threads and devices around a recogniser.

run           builds a run from a configuration
live offline  its two drivers: threads for devices, a single thread for a file
feed transcriber    reconnect a lost device, restart a failed speech-to-text engine
decimation duty_cycle    reduce the work that a dropped stream costs
telemetry     counts and latencies of a run
"""
