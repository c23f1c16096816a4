"""`cdat-edge bench`: what a run costs and how late it is, under a load that is told.

load        what is seen and heard: a portrait that speaks, a looped file, devices
live        one measured live run       sequential  the obvious single loop, to compare with
offline     a file on one core          suite       what the command asks for, put together
process gpu machine                     where the figures come from
statistics report plot                  what is made of them
"""
