"""`cdat-edge bench`: the cost and the latency of a run under a documented load.

load        the input: a portrait that speaks, a looped file, or devices
live        one measured live run       sequential  a single loop, for comparison
offline     a file on one core          suite       runs the requested measurements
process gpu machine                     read the values
statistics report plot                  summarise and write the results
"""
