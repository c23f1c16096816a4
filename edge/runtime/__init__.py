"""The runtime: threads and devices around a recogniser.

run           puts a run together from a configuration
live offline  its two drivers: a thread a stream for devices, one thread for a file
feed transcriber    devices opened again, speech-to-text started again
decimation duty_cycle    what a dropped stream costs
telemetry     what a run has done so far
"""
